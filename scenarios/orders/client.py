"""Places the two test orders and follows each to its end, as somebody at a desk would.

An order of one laptop and one mouse completes; an order of a hundred laptops finds the shelf too empty. The bus does not
say which execution an event starts, so the script looks for the one whose input has its order.

    STATE_MACHINE_ARN=... EVENT_BUS=... python3 client.py [NAME]
"""

import json
import os
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

POLL_SECONDS = 5
# The workflow ends within four minutes, but the event that starts it may come an hour late.
PATIENCE_SECONDS = 2 * 60 * 60
ENDS = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

MACHINE = os.environ["STATE_MACHINE_ARN"]
BUS = os.environ["EVENT_BUS"]

events = boto3.client("events")
states = boto3.client("stepfunctions")


def order(order_id, items):
    return {
        "orderId": order_id,
        "customerId": "CUST001",
        "items": items,
        "totalAmount": round(sum(item["price"] * item["quantity"] for item in items), 2),
    }


def publish(placed):
    """Until the bus has taken it: a failed entry comes with an answer that says 200."""
    entry = {
        "EventBusName": BUS,
        "Source": "ecommerce.orders",
        "DetailType": "Order Placed",
        "Detail": json.dumps({"status": "pending", "orderData": placed}),
    }
    while True:
        try:
            if events.put_events(Entries=[entry])["FailedEntryCount"] == 0:
                print(f"{placed['orderId']}: placed")
                return
        except (BotoCoreError, ClientError) as error:
            print(f"{placed['orderId']}: not placed yet: {error}")
        time.sleep(POLL_SECONDS)


def execution_of(order_id):
    for page in states.get_paginator("list_executions").paginate(stateMachineArn=MACHINE):
        for execution in page["executions"]:
            described = states.describe_execution(executionArn=execution["executionArn"])
            if json.dumps(order_id) in described["input"]:
                return described["executionArn"]
    return None


def follow(order_id):
    """Asks every five seconds; the status in the end, or None when patience has run out."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    arn = seen = None
    while time.monotonic() < deadline:
        try:
            arn = arn or execution_of(order_id)
            if arn is not None:
                described = states.describe_execution(executionArn=arn)
                if described["status"] != seen:
                    seen = described["status"]
                    print(f"{order_id}: {seen}")
                if seen in ENDS:
                    return seen
        except (BotoCoreError, ClientError) as error:
            print(f"{order_id}: asking failed: {error}")
        time.sleep(POLL_SECONDS)
    return None


def main(name):
    laptop = {"productId": "LAPTOP001", "quantity": 1, "price": 999.99}
    mouse = {"productId": "MOUSE001", "quantity": 1, "price": 29.99}
    orders = [order(f"{name}-small", [laptop, mouse]), order(f"{name}-large", [{**laptop, "quantity": 100}])]
    for placed in orders:
        publish(placed)
    ends = [follow(placed["orderId"]) for placed in orders]
    print(f"{name}: {ends[0]} and {ends[1]}")
    return 0 if all(ends) else "some order was not seen to end"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "order"))
