"""What handlers import of `botocore`: exceptions, the config class, streaming bodies."""

__version__ = "1.40.4"
