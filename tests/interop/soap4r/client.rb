# soap4r, in its two ways: `stubs`, made by wsdl2ruby from the WSDL that the running bridge serves, and `dynamic`, where the driver
# reads that WSDL while it runs and knows no types: every value that it gives is a text.

require 'rbconfig'

WAY, URL, USERNAME, PASSWORD, SENDER, TAG = ARGV
TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €"
FIRST = '905321234567'
SECOND = '905331234567'
LOGIN = { username: USERNAME, password: PASSWORD }
SMS = { type: 1, title: 'Deneme', sender: SENDER, encoding: 1 }

if WAY == 'stubs'
  unless File.exist?('SmsServiceDriver.rb')
    # wsdl2ruby is older than the split of Logger, and stops without a module path
    tool = Gem.bin_path('soap4r-ruby1.9', 'wsdl2ruby.rb')
    made = [RbConfig.ruby, '-rlogger-application', tool, '--wsdl', "#{URL}?wsdl", '--type', 'client', '--module_path', 'Sms', '--quiet']
    system(*made) or abort 'wsdl2ruby failed'
  end
  $LOAD_PATH.unshift(Dir.pwd)
  require 'SmsServiceDriver'
else
  require 'soap/wsdlDriver'
end

def driver
  WAY == 'stubs' ? Sms::SmsPortType.new(URL) : SOAP::WSDLDriverFactory.new("#{URL}?wsdl").create_rpc_driver
end

SHARED = driver

# A request as an object of its stub class; the members of lists are those of the WSDL.
def request(operation, fields)
  made = Sms.const_get(operation[0].upcase + operation[1..]).new
  fields.each { |name, value| made.send("#{name}=", value.is_a?(Hash) ? listed(name, value[:item]) : value) }
  made
end

def listed(name, items)
  return Sms::IdList.new(items) if name == :ids
  Sms::NumberList.new(items.map { |item| Sms::NumberItem.new(item[:nr], item[:msg]) })
end

# One call; its `result`.
def call(operation, fields, with = SHARED)
  with.send(operation, WAY == 'stubs' ? request(operation, fields) : fields).result
end

def same(expected, found)
  raise "#{found.inspect} is not #{expected.inspect}" if expected != found
end

def above_zero(found)
  same(true, number(found) > 0)
end

# What is a number in the stubs, and digits where types are not known.
def number(found)
  raise "#{found.inspect} is no #{WAY == 'stubs' ? 'number' : 'text'}" unless found.is_a?(WAY == 'stubs' ? Integer : String)
  Integer(found)
end

def blank?(value)
  value.nil? || value == ''
end

def data(operation, fields, with = SHARED)
  result = call(operation, with.equal?(SHARED) ? LOGIN.merge(fields) : fields, with)
  raise "#{result.err.code} #{result.err.message}" unless blank?(result.err) || blank?(result.err.code)
  result.data
end

def refusal(code, status, operation, fields)
  result = call(operation, LOGIN.merge(fields))
  same([code, status], [result.err.code, number(result.err.status)])
  raise 'no message' if blank?(result.err.message)
  raise "data: #{result.data.inspect}" unless blank?(result.data) || result.data.instance_variables.all? { |name| blank?(result.data.instance_variable_get(name)) }
end

# The rows of a list: a stub is an array, the dynamic driver gives one row as such.
def rows(page)
  list = page.list
  rows = list if WAY == 'stubs'
  rows ||= blank?(list) ? [] : list.item.is_a?(Array) ? list.item : [list.item]
  same(rows.size, number(page.stats.totalRecord))
  rows
end

def text(word)
  "#{TAG} #{word}: #{TURKISH}"
end

def one(word, more = {})
  SMS.merge(sendingType: 0, content: text(word), number: FIRST).merge(more)
end

def many(word, *numbers)
  SMS.merge(sendingType: 1, content: text(word), numbers: { item: numbers.map { |number| { nr: number } } })
end

def each_of(first, second)
  item = [{ nr: FIRST, msg: text(first) }, { nr: SECOND, msg: text(second) }]
  SMS.merge(sendingType: 2, content: '-', numbers: { item: item })
end

def otp(more = {})
  { content: text('otp'), number: FIRST, sender: SENDER, encoding: 1, validity: 3 }.merge(more)
end

def sent(fields)
  id = data('sendSms', fields).pkgID
  above_zero(id)
  id
end

def package(id)
  found = rows(data('getSmsPackages', ids: { item: [id] }))
  same(1, found.size)
  found.first
end

def items(id)
  rows(data('getSmsPackageItems', pkgID: id)).map { |row| [row.target, row.msg.to_s] }.sort
end

CHECKS = {
  'sendSms one' => -> { sent(one('one', customID: "#{TAG}-1")) },
  'sendSms many' => -> { same([[FIRST, ''], [SECOND, '']], items(sent(many('many', FIRST, SECOND)))) },
  'sendSms each' => -> { sent(each_of('first', 'second')) },
  'sendSms duplicate' => -> { refusal('ERR_SMS_PKG_CUSTOM_ID_DUPLICATION', 417, 'sendSms', one('one', customID: "#{TAG}-1")) },
  'sendSms empty' => -> { refusal('ERR_EMPTY_SMS_PACKAGE', 417, 'sendSms', many('empty')) },
  'sendSms refused' => -> { refusal('ERR_BAD_REQUEST', 400, 'sendSms', one('refused', type: 7)) },
  'sendOtp sent' => lambda {
    found = package(data('sendOtp', otp).pkgID)
    same([0, 3], [number(found.type), number(found.validity)])
  },
  'sendOtp refused' => -> { refusal('ERR_BAD_REQUEST', 400, 'sendOtp', otp(validity: 30)) },
  'getSmsPackages by-id' => lambda {
    id = sent(one('package', customID: "#{TAG}-2"))
    found = package(id)
    same([id, "#{TAG}-2", text('package')], [found.id, found.customID, found.content])
    same(SENDER, WAY == 'stubs' ? found.senders.first : found.senders.item)
    same(1, number(found.statistics.rCount))
    above_zero(found.statistics.total)
  },
  'getSmsPackages none' => -> { same([], rows(data('getSmsPackages', ids: { item: [1] }))) },
  'getSmsPackageItems both' => -> { same([[FIRST, text('A')], [SECOND, text('B')]], items(sent(each_of('A', 'B')))) },
  'getSmsPackageItems refused' => -> { refusal('ERR_SMS_PKG_NOT_FOUND', 417, 'getSmsPackageItems', pkgID: 1) },
  'getSmsSenders list' => -> { same([[SENDER, 1]], rows(data('getSmsSenders', status: 1)).map { |row| [row.title, number(row.status)] }) },
  'cancelSmsPackage scheduled' => lambda {
    id = sent(one('scheduled', customID: "#{TAG}-3", sendingDate: '2040-01-01 10:00'))
    same(1, number(data('cancelSmsPackage', id: id).status))
    same(-4, number(package(id).state))
  },
  'cancelSmsPackage refused' => -> { refusal('ERR_SMS_PKG_NOT_CHANGEABLE', 417, 'cancelSmsPackage', customID: "#{TAG}-3") },
  'getUserCredit credit' => -> { above_zero(data('getUserCredit', {}).credit) },
  'getUserCredit wrong-password' => -> { refusal('ERR_UNAUTHORIZED_REQUEST', 401, 'getUserCredit', password: 'wrong') },
  'getUserCredit basic' => lambda {
    basic = driver
    basic.options['protocol.http.basic_auth'] << [URL, USERNAME, PASSWORD]
    above_zero(data('getUserCredit', {}, basic).credit)
  },
  'getUserCredit fault' => lambda {
    lost = SOAP::RPC::Driver.new(URL, 'http://localhost:9587/wsdl/sms')
    lost.add_method('noSuchOperation')
    begin
      raise "no fault: #{lost.noSuchOperation}"
    rescue SOAP::FaultError => fault
      same('The SOAP body does not hold a known operation.', fault.message)
    end
  }
}

CHECKS.each do |name, check|
  check.call
  puts "CHECK #{name} ok"
rescue StandardError, ScriptError => error
  puts "CHECK #{name} FAIL #{error.message.tr("\n", ' ')}"
end
puts 'DONE'
