"""Puts the test data on the shelf.

    INVENTORY_TABLE=Inventory python3 load_test_data.py
"""

import os
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

PRODUCTS = [
    {"productId": "LAPTOP001", "quantity": 50, "price": 999.99},
    {"productId": "MOUSE001", "quantity": 100, "price": 29.99},
    {"productId": "KEYBOARD001", "quantity": 75, "price": 79.99},
]

inventory = boto3.resource("dynamodb").Table(os.environ["INVENTORY_TABLE"])


def put(product):
    """Until it is there; what is there already may have been sold from."""
    while True:
        try:
            inventory.put_item(Item=product, ConditionExpression="attribute_not_exists(productId)")
            return print(product["productId"], "put")
        except inventory.meta.client.exceptions.ConditionalCheckFailedException:
            return print(product["productId"], "there already")
        except (BotoCoreError, ClientError) as error:
            print(product["productId"], "not put yet:", error)
            time.sleep(1)


for product in PRODUCTS:
    put(product)
