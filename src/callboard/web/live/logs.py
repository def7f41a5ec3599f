"""Followed logs as topics of the stream: lines are sent once, and a reader who comes back goes on where they were."""

from collections.abc import Mapping

import msgspec

from callboard.model.caller import Caller
from callboard.portal.protocol import LogFollow, Portal
from callboard.portal.views import LogNews
from callboard.web.live.topics import Live
from callboard.web.log_page import read_log_topic

__all__ = ["LogFrame", "LogTopic"]


class LogFrame(msgspec.Struct, frozen=True):
    """What came since the frame before. What a reader holds of a log is how far each container's has come."""

    news: LogNews

    def beyond(self, held: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        """All of it, as the members of a JSON object, and what the reader holds then."""
        news = self.news
        told = {
            "rows": [
                (row.at, news.ids[row.source], row.level, row.text, row.spans, row.cut) for row in news.rows
            ],
            "sources": [(s.id, s.pod, s.container) for s in news.sources],
            "have": dict(news.cursors),
            "dropped": news.dropped,
            "said": news.said,
            "state": news.state,
        }
        members = b'"fragments":[],"lineups":[],"log":' + msgspec.json.encode(told)
        return members, {**held, **dict(news.cursors)}


class LogTopic:
    """`log/<seven parts of its address>?<what is shown of it>`."""

    kind = "log"

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def open(self, key: str, caller: Caller, have: Mapping[str, str]) -> Live:
        """From where the reader is. Raises as the page does."""
        ref, object_, query = read_log_topic(key)

        async def draw(view: LogFollow) -> LogFrame:
            return LogFrame(view.take())

        return Live(self._portal.log_live(ref, object_, query, have, caller), draw)
