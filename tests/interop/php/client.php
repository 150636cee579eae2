<?php
// SoapClient, in its two ways: `wsdl`, from the WSDL that the running bridge serves, and `nowsdl`, where PHP knows nothing of types
// and writes SOAP 1.1 rpc/encoded.

ini_set('soap.wsdl_cache_enabled', '0');
set_error_handler(function (int $level, string $message): never {
    throw new ErrorException($message);
});

[, $way, $url, $username, $password, $sender, $tag] = $argv;
const TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €";
const FIRST = '905321234567';
const SECOND = '905331234567';
$login = ['username' => $username, 'password' => $password];
$sms = ['type' => 1, 'title' => 'Deneme', 'sender' => $sender, 'encoding' => 1];

function client(array $more = []): SoapClient
{
    global $way, $url;
    return $way === 'wsdl'
        ? new SoapClient("$url?wsdl", $more)
        : new SoapClient(null, ['location' => $url, 'uri' => 'http://localhost:9587/wsdl/sms'] + $more);
}

/** One call; its `result`. */
function call(string $operation, array $fields, ?SoapClient $client = null): object
{
    global $way;
    static $shared;
    $client ??= $shared ??= client();
    if ($way === 'wsdl') {
        return $client->$operation($fields)->result;
    }
    $parameters = [];
    foreach ($fields as $name => $value) {
        $parameters[] = new SoapParam($value, $name);
    }
    return $client->__soapCall($operation, $parameters);
}

function same(mixed $expected, mixed $found): void
{
    if ($expected !== $found) {
        throw new Exception(var_export($found, true) . ' is not ' . var_export($expected, true));
    }
}

function above_zero(mixed $found): void
{
    same(true, number($found) > 0);
}

/** What is a number where the WSDL is known, and digits where it is not. */
function number(mixed $found): mixed
{
    global $way;
    return $way === 'wsdl' ? $found : (int) $found;
}

function data(string $operation, array $fields, ?SoapClient $client = null): mixed
{
    global $login;
    $result = call($operation, $fields + ($client ? [] : $login), $client);
    same('', $result->err->code ?? '');
    return $result->data;
}

function refusal(string $code, int $status, string $operation, array $fields): void
{
    global $login;
    $result = call($operation, $fields + $login);
    same([$code, $status], [$result->err->code, number($result->err->status)]);
    same(true, $result->err->message !== '');
    same([], array_filter((array) ($result->data ?? [])));
}

/** The rows of a list: PHP gives one of them as such, and several as an array. */
function rows(object $page): array
{
    $rows = $page->list->item ?? [];
    $rows = is_array($rows) ? $rows : [$rows];
    same(count($rows), number($page->stats->totalRecord));
    return $rows;
}

function numbers(array $list): array
{
    global $way;
    return $way === 'wsdl' ? ['item' => $list] : $list;
}

function text(string $word): string
{
    global $tag;
    return "$tag $word: " . TURKISH;
}

function one(string $word, array $more = []): array
{
    global $sms;
    return $more + $sms + ['sendingType' => 0, 'content' => text($word), 'number' => FIRST];
}

function many(string $word, array $numbers): array
{
    global $sms;
    return $sms + ['sendingType' => 1, 'content' => text($word), 'numbers' => numbers($numbers)];
}

function each_(string $first, string $second): array
{
    global $sms;
    $numbers = [['nr' => FIRST, 'msg' => text($first)], ['nr' => SECOND, 'msg' => text($second)]];
    return $sms + ['sendingType' => 2, 'content' => '-', 'numbers' => numbers($numbers)];
}

function otp(array $more = []): array
{
    global $sender;
    return $more + ['content' => text('otp'), 'number' => FIRST, 'sender' => $sender, 'encoding' => 1, 'validity' => 3];
}

function sent_to(mixed $id): array
{
    $texts = [];
    foreach (rows(data('getSmsPackageItems', ['pkgID' => $id])) as $row) {
        $texts[$row->target] = $row->msg ?? '';
    }
    ksort($texts);
    return $texts;
}

function package(array $filters): object
{
    $rows = rows(data('getSmsPackages', $filters));
    same(1, count($rows));
    return $rows[0];
}

function by_id(mixed $id): array
{
    return ['ids' => numbers([$id])];
}

$checks = [
    'sendSms one' => function () use ($tag) {
        above_zero(data('sendSms', one('one', ['customID' => "$tag-1"]))->pkgID);
    },
    'sendSms many' => function () use ($way) {
        $numbers = $way === 'wsdl' ? [['nr' => FIRST], ['nr' => SECOND]] : [FIRST, SECOND];
        same([FIRST, SECOND], array_map('strval', array_keys(sent_to(data('sendSms', many('many', $numbers))->pkgID))));
    },
    'sendSms each' => function () {
        above_zero(data('sendSms', each_('first', 'second'))->pkgID);
    },
    'sendSms blank' => function () {
        // what is not wanted is given as '', also where the WSDL says xs:int: PHP then writes 0
        $blank = ['periodicSettings' => null, 'sendingDate' => '', 'validity' => '', 'commercial' => '', 'customID' => ''];
        $sent = package(by_id(data('sendSms', one('blank', $blank))->pkgID));
        same([1440, 0], [number($sent->validity), number($sent->isScheduled)]);
    },
    'sendSms duplicate' => function () use ($tag) {
        refusal('ERR_SMS_PKG_CUSTOM_ID_DUPLICATION', 417, 'sendSms', one('one', ['customID' => "$tag-1"]));
    },
    'sendSms empty' => function () {
        refusal('ERR_EMPTY_SMS_PACKAGE', 417, 'sendSms', many('empty', []));
    },
    'sendSms refused' => function () {
        refusal('ERR_BAD_REQUEST', 400, 'sendSms', one('refused', ['type' => 7]));
    },
    'sendOtp sent' => function () {
        $sent = package(by_id(data('sendOtp', otp())->pkgID));
        same([0, 3], [number($sent->type), number($sent->validity)]);
    },
    'sendOtp refused' => function () {
        refusal('ERR_BAD_REQUEST', 400, 'sendOtp', otp(['validity' => 30]));
    },
    'getSmsPackages by-id' => function () use ($tag, $sender) {
        $id = data('sendSms', one('package', ['customID' => "$tag-2"]))->pkgID;
        $found = package(by_id($id));
        same([$id, "$tag-2", text('package')], [$found->id, $found->customID, $found->content]);
        same([[$sender], 1], [(array) $found->senders->item, number($found->statistics->rCount)]);
        above_zero($found->statistics->total);
    },
    'getSmsPackages blank' => function () use ($tag) {
        $blank = ['keyword' => '', 'sender' => '', 'status' => '', 'startDate' => '', 'finishDate' => '', 'pageIndex' => '', 'pageSize' => ''];
        same(text('package'), package(['customIDs' => numbers(["$tag-2"])] + $blank)->content);
    },
    'getSmsPackages none' => function () {
        same([], rows(data('getSmsPackages', by_id(1))));
    },
    'getSmsPackageItems both' => function () {
        $sent = data('sendSms', each_('A', 'B'))->pkgID;
        same([FIRST => text('A'), SECOND => text('B')], sent_to($sent));
    },
    'getSmsPackageItems refused' => function () {
        refusal('ERR_SMS_PKG_NOT_FOUND', 417, 'getSmsPackageItems', ['pkgID' => 1]);
    },
    'getSmsSenders list' => function () use ($sender) {
        [$row] = rows(data('getSmsSenders', ['status' => 1]));
        same([$sender, 1], [$row->title, number($row->status)]);
    },
    'cancelSmsPackage scheduled' => function () use ($tag) {
        $later = ['customID' => "$tag-3", 'sendingDate' => '2040-01-01 10:00'];
        $id = data('sendSms', one('scheduled', $later))->pkgID;
        same(1, number(data('cancelSmsPackage', ['id' => $id])->status));
        same(-4, number(package(by_id($id))->state));
    },
    'cancelSmsPackage refused' => function () use ($tag) {
        refusal('ERR_SMS_PKG_NOT_CHANGEABLE', 417, 'cancelSmsPackage', ['customID' => "$tag-3"]);
    },
    'getUserCredit credit' => function () {
        above_zero(data('getUserCredit', [])->credit);
    },
    'getUserCredit wrong-password' => function () {
        refusal('ERR_UNAUTHORIZED_REQUEST', 401, 'getUserCredit', ['password' => 'wrong']);
    },
    'getUserCredit basic' => function () use ($username, $password) {
        above_zero(data('getUserCredit', [], client(['login' => $username, 'password' => $password]))->credit);
    },
    'getUserCredit fault' => function () {
        global $login;
        $client = client();
        $client->__setSoapHeaders(new SoapHeader('urn:x', 'unknown', '', true));
        try {
            call('getUserCredit', $login, $client);
        } catch (SoapFault $fault) {
            same('A SOAP header that must be understood is not known.', $fault->faultstring);
            return;
        }
        throw new Exception('no fault');
    },
    'getUserCredit soap12' => function () {
        global $login;
        above_zero(data('getUserCredit', $login, client(['soap_version' => SOAP_1_2]))->credit);
    },
];

foreach ($checks as $name => $check) {
    try {
        $check();
        echo "CHECK $name ok\n";
    } catch (Throwable $error) {
        echo "CHECK $name FAIL ", strtr($error->getMessage(), "\n", ' '), "\n";
    }
}
echo "DONE\n";
