"""The loop that most people write first: a call by `requests.post`, a `merge` of the ORM for each row, a commit.

orm_loop.py DATABASE_URL PORT CHAT_SESSIONS
"""

import sys
from datetime import datetime

import requests
from sqlalchemy import BigInteger, DateTime, String, Text, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class ChatMessage(Base):
    __tablename__ = "chat_message"

    chat_message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    chat_session_id: Mapped[int] = mapped_column(index=True)
    type: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(255))
    read_by_customer: Mapped[int]
    special_type: Mapped[str] = mapped_column(String(20))
    special_param: Mapped[str] = mapped_column(String(255))
    when_posted: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def main() -> None:
    url, port, chat_sessions = sys.argv[1], sys.argv[2], int(sys.argv[3])
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    newest = select(func.max(ChatMessage.chat_message_id))
    with Session(engine) as session:
        for chat_session_id in range(1, chat_sessions + 1):
            after = session.scalar(newest.where(ChatMessage.chat_session_id == chat_session_id)) or 0
            reply = requests.post(
                f"http://127.0.0.1:{port}/SuperOffice/api/v1/Agents/Chat/GetChatMessages",
                json={"ChatSessionId": chat_session_id, "After": after},
                auth=("archive", "x"),
                timeout=60,
            )
            for row in reply.json():
                session.merge(
                    ChatMessage(
                        chat_message_id=row["ChatMessageId"],
                        chat_session_id=row["ChatSessionId"],
                        type=row["Type"],
                        message=row["Message"],
                        author=row["Author"],
                        read_by_customer=row["ReadByCustomer"],
                        special_type=row["SpecialType"],
                        special_param=row["SpecialParam"],
                        when_posted=datetime.fromisoformat(row["WhenPosted"]),
                    )
                )
            session.commit()


if __name__ == "__main__":
    main()
