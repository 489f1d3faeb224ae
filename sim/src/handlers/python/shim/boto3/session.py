"""Sessions: they only know a region here."""

import os
import re

from boto3.exceptions import ResourceNotExistsError
from botocore.exceptions import UnknownServiceError
from rehearsal import models, process
from rehearsal.client import make_client

SERVICE_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")


class Session:
    def __init__(self, region_name=None, **settings):
        self.region_name = region_name or os.environ.get("AWS_REGION", "us-east-1")
        self.profile_name = settings.get("profile_name") or "default"

    def client(self, service_name, region_name=None, config=None, **settings):
        if not isinstance(service_name, str) or not SERVICE_NAME.match(service_name):
            raise UnknownServiceError(service_name=service_name, known_service_names="")
        return make_client(service_name, region_name or self.region_name, config)

    def resource(self, service_name, region_name=None, config=None, **settings):
        if service_name in ("sqs", "sns"):
            from rehearsal import messaging

            made = messaging.SQS if service_name == "sqs" else messaging.SNS
            return made(region_name or self.region_name, config)
        if service_name != "dynamodb":
            process.notice("unsupported", "boto3.resource(%r) is not simulated" % (service_name,))
            raise ResourceNotExistsError(service_name)
        from rehearsal.resource import DynamoDB

        return DynamoDB(region_name or self.region_name, config)

    def get_available_services(self):
        return sorted(models.CLASS_NAMES)

    def get_available_regions(self, service_name, **settings):
        return [self.region_name]

    @property
    def available_profiles(self):
        return [self.profile_name]

    def get_credentials(self):
        return None
