"""dlt, as somebody who knows it would write it: its documentation's advice for speed is followed.

- One cursor per chat session, in the resource's state, which dlt commits with the rows.
- `dlt.defer` makes the calls on as many threads as the others have connections, each with a session of its own that
  keeps its connection (dlt's own client does that, and retries).
- Replies are yielded whole, as lists of rows, and no table is made of nested values.
- Merge on the primary key. Into PostgreSQL by the strategy and the file format that were found fastest there: upsert,
  and CSV loaded by COPY. Its SQLAlchemy destination, for the other two, has delete-insert only.

    dlt_pipeline.py DATABASE_URL PORT CHAT_SESSIONS THREADS FOLDER DATASET
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

url, port, chat_sessions, threads, folder, dataset = sys.argv[1:7]
is_postgresql = url.startswith("postgresql")
os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "EXTRACT__WORKERS": threads,
    "EXTRACT__MAX_PARALLEL_ITEMS": threads,
    "DLT_DATA_DIR": folder,
}

import dlt  # noqa: E402 - it reads its settings at import
from dlt.sources.helpers import requests  # noqa: E402
from sqlalchemy import make_url  # noqa: E402

_API = f"http://127.0.0.1:{port}/SuperOffice/api/v1/Agents/Chat/GetChatMessages"
_MERGE: Any = {"disposition": "merge", "strategy": "upsert" if is_postgresql else "delete-insert"}


@dlt.resource(name="chat_message", primary_key="ChatMessageId", write_disposition=_MERGE, max_table_nesting=0)
def chat_messages() -> Iterator[Any]:
    cursors = dlt.current.resource_state().setdefault("cursors", {})

    @dlt.defer
    def fetch(chat_session_id: int) -> list[dict[str, Any]]:
        key = str(chat_session_id)  # the state is JSON
        reply = requests.post(
            _API, json={"ChatSessionId": chat_session_id, "After": cursors.get(key, 0)}, auth=("archive", "x")
        )
        rows = reply.json()
        if rows:
            cursors[key] = rows[-1]["ChatMessageId"]
        return rows

    for chat_session_id in range(1, int(chat_sessions) + 1):
        yield fetch(chat_session_id)


def main() -> None:
    if is_postgresql:
        # It asks for a password where the server doesn't, and for a host beside a socket's folder, which libpq takes.
        named = make_url(url).set(drivername="postgresql")
        named = named.set(password=named.password or "none", host=named.host or "localhost", port=named.port or 5432)
        destination = dlt.destinations.postgres(named.render_as_string(hide_password=False))
    else:
        destination = dlt.destinations.sqlalchemy(url)
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name=dataset, pipelines_dir=folder)
    pipeline.run(chat_messages(), loader_file_format="csv" if is_postgresql else None)


if __name__ == "__main__":
    main()
