"""The toplusms REST API, v1, played from its document.

Decided where the document is silent (it has error code 3 alone):

- Codes: 1 no such operation, 2 missing or malformed parameter, 3 login, 4 caption not of the account, 5 no valid number, 6 not
  enough credit, 7 no such queueId. Option error_codes has others. All have HTTP status 200, 1 too.
- Login: HTTP Basic everywhere; apikey in the query of the URL forms (sms/send, sms/reports, user/profileDetails), and for
  sms/send/normal only with option apikey_for_form. Where both are given, the apikey counts.
- The form: multipart or urlencoded, UTF-8. A senddate that has passed sends at once (the document's own sample sends the time of
  its making); any validity is taken, for what is outside of 1..48 counts as 48.
- Wrong numbers are left out, as the document's own sample has one (option refuse_invalid_numbers).
- encoding en carries ASCII, tr the alphabet of GSM with the Turkish single shift table; any other character becomes `?`, in
  queue_message and in /_sandbox/sent. A part has 160/153 characters with en, 155/149 with tr.
- queue_status is waiting until half of sent_after_seconds after its time, completed when every number is final, else sending.
- A number has no sent_datetime (null) while it waits; updated_datetime is that of its last change.
"""

from __future__ import annotations

from bridge.sandbox.toplusms.api import Toplusms
from bridge.sandbox.toplusms.options import ToplusmsOptions

__all__ = ["Toplusms", "ToplusmsOptions"]
