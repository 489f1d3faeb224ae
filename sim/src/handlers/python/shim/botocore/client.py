"""Where handlers look for the class of clients."""

from botocore.config import Config
from rehearsal.client import BaseClient, ClientError
