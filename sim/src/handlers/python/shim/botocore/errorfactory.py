"""Where botocore makes the modeled exceptions; here only their home in names."""

from botocore.exceptions import ClientError
