"""A Singer tap by its SDK: one stream, partitioned by chat session, with a bookmark for each.

Piped into the maintained PostgreSQL target. The SDK asks one partition after the other; it has no parallel calls.

    singer_tap.py --config FILE [--state FILE]
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import requests
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BasicAuthenticator


class ChatMessages(RESTStream):
    name = "chat_message"
    http_method = "POST"
    path = "/v1/Agents/Chat/GetChatMessages"
    primary_keys = ("chat_message_id",)
    replication_key = "chat_message_id"
    is_sorted = True
    schema = th.PropertiesList(
        th.Property("chat_message_id", th.IntegerType, required=True),
        th.Property("chat_session_id", th.IntegerType),
        th.Property("type", th.StringType),
        th.Property("message", th.StringType),
        th.Property("author", th.StringType),
        th.Property("read_by_customer", th.IntegerType),
        th.Property("special_type", th.StringType),
        th.Property("special_param", th.StringType),
        th.Property("when_posted", th.DateTimeType),
    ).to_dict()

    @property
    def url_base(self) -> str:
        return f"http://127.0.0.1:{self.config['port']}/SuperOffice/api"

    @cached_property
    def authenticator(self) -> BasicAuthenticator:
        return BasicAuthenticator(username="archive", password="x")

    @property
    def partitions(self) -> list[dict[str, int]]:
        return [{"chat_session_id": number} for number in range(1, self.config["chat_sessions"] + 1)]

    def prepare_request_payload(self, context: Any, next_page_token: Any) -> dict[str, int]:  # noqa: ARG002
        after = self.get_starting_replication_key_value(context) or 0
        return {"ChatSessionId": context["chat_session_id"], "After": after}

    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        for row in response.json():
            yield {
                "chat_message_id": row["ChatMessageId"],
                "chat_session_id": row["ChatSessionId"],
                "type": row["Type"],
                "message": row["Message"],
                "author": row["Author"],
                "read_by_customer": row["ReadByCustomer"],
                "special_type": row["SpecialType"],
                "special_param": row["SpecialParam"],
                "when_posted": row["WhenPosted"],
            }


class ChatTap(Tap):
    name = "tap-chat"
    config_jsonschema = th.PropertiesList(
        th.Property("port", th.IntegerType, required=True),
        th.Property("chat_sessions", th.IntegerType, required=True),
    ).to_dict()

    def discover_streams(self) -> list[RESTStream]:
        return [ChatMessages(self)]


if __name__ == "__main__":
    ChatTap.cli()
