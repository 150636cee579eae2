-- POSTs the file $BODY again and again, and prints one line of JSON at the end
local file = assert(io.open(os.getenv("BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "text/xml; charset=utf-8"
wrk.headers["SOAPAction"] = '"sendSms"'

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests": %d, "microseconds": %d, "not_2xx": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
