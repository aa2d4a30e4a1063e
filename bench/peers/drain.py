"""How many replies a client gets that does nothing with them: what the bench server and the loopback allow.

The calls of the ceiling, without decoding and without a database. Prints the seconds it took.

    drain.py PORT CHAT_SESSIONS CONNECTIONS AFTER
"""

import sys
import time
from collections import deque
from itertools import islice

from ceiling_wire import connect, read, request


def main() -> None:
    port, chat_sessions, connections, after = map(int, sys.argv[1:5])
    began = time.perf_counter()
    ids = iter(range(1, chat_sessions + 1))
    waiting = deque(connect(port, request(each, after)) for each in islice(ids, connections))
    while waiting:
        http = waiting.popleft()
        read(http)
        if (following := next(ids, None)) is not None:
            http.sendall(request(following, after))
            waiting.append(http)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
