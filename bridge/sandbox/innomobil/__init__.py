"""The innomobil API, v1, played from its document. Left out: changepassword and sifremiunuttum.

Decided where the document is silent:

- A missing or malformed parameter, `gate`, `utf8` and `vperiod` (1..48) included, is refused; numbers may be JSON numbers or text.
- The texts of refusals (`bridge.sandbox.innomobil.refusal`), and which of the two styles each has: what is wrong with the request
  itself has status "error", all else status "ok" with an empty result. An empty list is of the second kind, as section 3 has it.
- A wrong number refuses the whole send (option refuse_invalid_numbers). Right are 90 and ten digits, at gate 8 a national id.
- With utf8 0 every text is taken as it is: making it plain is the caller's duty, and /_sandbox/sent shows what he sent.
- An sdate that has passed sends at once. /reports goes by the time at which the sending is due, has one line for each message
  of a multisend, the oldest first, and as many on a page as the option page_size says.
- kredi is one balance for all gates. HTTP status 200 always, but 404 and 405 for what is no operation.
"""

from __future__ import annotations

from bridge.sandbox.innomobil.api import Innomobil
from bridge.sandbox.innomobil.options import InnomobilOptions

__all__ = ["Innomobil", "InnomobilOptions"]
