-- POSTs the file $BODY again and again, each time with another number and text, and prints one line of JSON at the end
local file = assert(io.open(os.getenv("BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "text/xml; charset=utf-8"
wrk.headers["SOAPAction"] = '"sendSms"'

-- a number and a text of its own for each request; what has a list of numbers, or none, goes as it is
local before, between, after = wrk.body:match("^(.-<content>)(.-<number>90551)%d%d%d%d%d%d%d(</number>.*)$")
local count = 0
if before then
  function request()
    count = count + 1
    return wrk.format(nil, nil, nil, string.format("%s%d %s%07d%s", before, count, between, count % 10000000, after))
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests": %d, "microseconds": %d, "not_2xx": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
