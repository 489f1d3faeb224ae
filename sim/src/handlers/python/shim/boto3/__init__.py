"""`boto3` under the simulated world: every call becomes a step of the invocation that makes it."""

import botocore.exceptions
from boto3.session import Session

__version__ = "1.40.4"
DEFAULT_SESSION = None


def setup_default_session(**settings):
    global DEFAULT_SESSION
    DEFAULT_SESSION = Session(**settings)


def client(*args, **settings):
    return Session().client(*args, **settings)


def resource(*args, **settings):
    return Session().resource(*args, **settings)
