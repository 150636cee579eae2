"""isobil v2 (and SubmitOTP of v5), played from its document.

Facts: the document leaves its code lists to pop-ups that nobody captured. Only 100, success, is certain. All other numbers here
are the simulator's own and can be changed (`IsobilOptions`):

    Status.Code   100 success, 101 credential, 102 credit, 103 sender, 104 number, 105 request (unreadable, or a field is missing or
                  wrong), 106 not_found, 107 service, 108 text (empty, or more than four parts), 109 date, 110 operation
    State         1 waiting, 2 sent, 3 delivered, 4 undelivered, 5 expired
    Statu         1 waiting, 2 sending, 3 completed
    Process       1 waiting, 2 sent (of QueryScheduled)

Strategy: where the document is silent the stricter or less convenient reading is played. Unknown fields are passed over, as the
.NET readers behind an .asmx do; numbers that are none are left out of a send as long as one is left; characters that the Default
coding lacks arrive as "?"; a QueryMulti without Limit is one with Limit 0, which finds only sends to nobody.
"""

from __future__ import annotations

from bridge.sandbox.isobil.api import Isobil
from bridge.sandbox.isobil.options import IsobilOptions

__all__ = ["Isobil", "IsobilOptions"]
