"""What people of the company were told and is not over: it stands above all commands."""

from bot.admin.board import Notice, ShowError

# Notices that a page has room for.
MOST = 200


class Waiting:
    """The notices of this process, each for as long as somebody waits."""

    def __init__(self) -> None:
        self._notices: list[Notice] = []

    def keep(self, notice: Notice) -> None:
        """Show a notice from now on; raises ShowError where nobody would come to it any more."""
        self._notices = self._open()
        if len(self._notices) >= MOST:
            raise ShowError(f"{MOST} customers are waiting on the Admin tab already.", lasting=False)
        self._notices.append(notice)

    def newest(self) -> list[Notice]:
        """Return what is not over, the newest first."""
        return self._open()[::-1]

    def _open(self) -> list[Notice]:
        return [notice for notice in self._notices if notice.is_open()]
