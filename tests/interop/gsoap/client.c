/* gSOAP's stubs in C, made by wsdl2h and soapcpp2 from the WSDL that the running bridge serves. */

#include <stdarg.h>

#include "SmsPortBinding.nsmap"
#include "soapH.h"

#define TURKISH "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €"
#define FIRST "905321234567"
#define SECOND "905331234567"
#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static char *url, *username, *password, *sender, *tag;
static short version; /* of SOAP, as gSOAP counts: 1 is 1.1, 2 is 1.2 */
static struct soap *ctx;
static char reason[1000]; /* of the failure of the check that runs; empty while there is none */

static int fails(const char *format, ...)
{
    va_list arguments;
    if (!*reason) {
        va_start(arguments, format);
        vsnprintf(reason, sizeof reason, format, arguments);
        va_end(arguments);
    }
    return 0;
}

#define EXPECT(condition) ((condition) ? 1 : fails("line %d: %s", __LINE__, #condition))

static int same(const char *found, const char *expected)
{
    return found && strcmp(found, expected) == 0 ? 1 : fails("'%s' is not '%s'", found ? found : "(none)", expected);
}

static char *text(const char *format, ...)
{
    char *made = soap_malloc(ctx, 500);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(made, 500, format, arguments);
    va_end(arguments);
    return made;
}

static char *worded(const char *word)
{
    return text("%s %s: %s", tag, word, TURKISH);
}

static int *number(int value)
{
    int *made = soap_malloc(ctx, sizeof *made);
    *made = value;
    return made;
}

static LONG64 *long_number(LONG64 value)
{
    LONG64 *made = soap_malloc(ctx, sizeof *made);
    *made = value;
    return made;
}

static int equals(const int *found, int expected)
{
    return found && *found == expected ? 1 : fails("%d is not %d", found ? *found : -999, expected);
}

/* One call with the login in it. The answer is `result`, or NULL when the call itself went wrong. */
#define CALL(operation, request, response) \
    ((request).username = username, (request).password = password, CALL_AS_IT_IS(operation, request, response))
#define CALL_AS_IT_IS(operation, request, response) \
    (soap_call___ns1__##operation(ctx, url, NULL, &(request), &(response)) == SOAP_OK && (response).result ? (response).result : broken())

static void *broken(void)
{
    soap_sprint_fault(ctx, reason, sizeof reason);
    fails("no result");
    return NULL;
}

static int succeeded(const struct ns1__SmsError *err)
{
    return !err || !err->code || !*err->code ? 1 : fails("%s: %s", err->code, err->message ? err->message : "");
}

static int refused(const struct ns1__SmsError *err, const char *code, int status)
{
    return EXPECT(err) && same(err->code, code) && equals(err->status, status) && EXPECT(err->message && *err->message);
}

static struct _ns1__sendSms sms(int sending_type, char *content)
{
    struct _ns1__sendSms made = {0};
    made.type = 1;
    made.sendingType = sending_type;
    made.title = "Deneme";
    made.content = content;
    made.encoding = number(1);
    made.sender = sender;
    return made;
}

static struct _ns1__sendSms to_one(char *content)
{
    struct _ns1__sendSms made = sms(0, content);
    made.number = FIRST;
    return made;
}

static struct _ns1__sendSms to_both(int sending_type, char *content, char *first, char *second)
{
    struct _ns1__sendSms made = sms(sending_type, content);
    struct ns1__NumberItem *items = soap_malloc(ctx, 2 * sizeof *items);
    items[0].nr = FIRST;
    items[0].msg = first;
    items[1].nr = SECOND;
    items[1].msg = second;
    made.numbers = soap_malloc(ctx, sizeof *made.numbers);
    made.numbers->__sizeitem = 2;
    made.numbers->item = items;
    return made;
}

/* The id of the package that a send made; 0 when it failed. */
static LONG64 sent(struct _ns1__sendSms request)
{
    struct _ns1__sendSmsResponse response;
    struct ns1__PackageIdResult *result = CALL(sendSms, request, response);
    if (!result || !succeeded(result->err) || !EXPECT(result->data && result->data->pkgID && *result->data->pkgID > 0))
        return 0;
    return *result->data->pkgID;
}

static void send_refused(struct _ns1__sendSms request, const char *code, int status)
{
    struct _ns1__sendSmsResponse response;
    struct ns1__PackageIdResult *result = CALL(sendSms, request, response);
    if (result && refused(result->err, code, status))
        EXPECT(!result->data || !result->data->pkgID);
}

static struct ns1__SmsPackagesData *packages(LONG64 id)
{
    struct _ns1__getSmsPackages request = {0};
    struct _ns1__getSmsPackagesResponse response;
    struct ns1__SmsPackagesResult *result;
    struct ns1__IdList ids;
    ids.__sizeitem = 1;
    ids.item = &id;
    request.ids = &ids;
    result = CALL(getSmsPackages, request, response);
    return result && succeeded(result->err) && EXPECT(result->data && result->data->stats) ? result->data : NULL;
}

static struct ns1__SmsPackage *package(LONG64 id)
{
    struct ns1__SmsPackagesData *data = id ? packages(id) : NULL;
    if (!data || !equals(data->stats->totalRecord, 1) || !EXPECT(data->list && data->list->__sizeitem == 1))
        return NULL;
    return data->list->item;
}

/* Whether a package's items are those two, with these texts (NULL: none). */
static void has_items(LONG64 id, const char *first, const char *second)
{
    struct _ns1__getSmsPackageItems request = {0};
    struct _ns1__getSmsPackageItemsResponse response;
    struct ns1__SmsPackageItemsResult *result;
    struct ns1__SmsPackageItem *items;
    int at;
    request.pkgID = &id;
    if (!id || !(result = CALL(getSmsPackageItems, request, response)) || !succeeded(result->err) || !EXPECT(result->data))
        return;
    if (!equals(result->data->stats->totalRecord, 2) || !EXPECT(result->data->list && result->data->list->__sizeitem == 2))
        return;
    items = result->data->list->item;
    at = strcmp(items[0].target, FIRST) ? 1 : 0;
    same(items[at].target, FIRST);
    same(items[1 - at].target, SECOND);
    EXPECT(items[0].id && *items[0].id && items[0].state);
    if (first)
        same(items[at].msg, first);
    if (second)
        same(items[1 - at].msg, second);
}

static struct _ns1__sendOtp otp(int validity)
{
    struct _ns1__sendOtp made = {0};
    made.content = worded("otp");
    made.number = FIRST;
    made.encoding = number(1);
    made.sender = sender;
    made.validity = number(validity);
    return made;
}

static void send_one(void)
{
    struct _ns1__sendSms request = to_one(worded("one"));
    request.customID = text("%s-1", tag);
    sent(request);
}

static void send_many(void)
{
    has_items(sent(to_both(1, worded("many"), NULL, NULL)), NULL, NULL);
}

static void send_each(void)
{
    sent(to_both(2, "-", worded("first"), worded("second")));
}

static void send_duplicate(void)
{
    struct _ns1__sendSms request = to_one(worded("one"));
    request.customID = text("%s-1", tag);
    send_refused(request, "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION", 417);
}

static void send_empty(void)
{
    struct _ns1__sendSms request = sms(1, worded("empty"));
    struct ns1__NumberList none = {0};
    request.numbers = &none;
    send_refused(request, "ERR_EMPTY_SMS_PACKAGE", 417);
}

static void send_wrong_type(void)
{
    struct _ns1__sendSms request = to_one(worded("refused"));
    request.type = 7;
    send_refused(request, "ERR_BAD_REQUEST", 400);
}

static void otp_sent(void)
{
    struct _ns1__sendOtp request = otp(3);
    struct _ns1__sendOtpResponse response;
    struct ns1__PackageIdResult *result = CALL(sendOtp, request, response);
    struct ns1__SmsPackage *found;
    if (!result || !succeeded(result->err) || !EXPECT(result->data && result->data->pkgID))
        return;
    if ((found = package(*result->data->pkgID)) && equals(found->type, 0))
        equals(found->validity, 3);
}

static void otp_refused(void)
{
    struct _ns1__sendOtp request = otp(30);
    struct _ns1__sendOtpResponse response;
    struct ns1__PackageIdResult *result = CALL(sendOtp, request, response);
    if (result)
        refused(result->err, "ERR_BAD_REQUEST", 400);
}

static void packages_by_id(void)
{
    struct _ns1__sendSms request = to_one(worded("package"));
    struct ns1__SmsPackage *found;
    LONG64 id;
    request.customID = text("%s-2", tag);
    id = sent(request);
    if (!(found = package(id)) || !EXPECT(found->id && *found->id == id && found->senders && found->statistics))
        return;
    same(found->customID, text("%s-2", tag));
    same(found->content, worded("package"));
    if (EXPECT(found->senders->__sizeitem == 1))
        same(found->senders->item[0], sender);
    equals(found->statistics->rCount, 1);
    EXPECT(found->statistics->total && *found->statistics->total > 0);
}

static void packages_none(void)
{
    struct ns1__SmsPackagesData *data = packages(1);
    if (data && equals(data->stats->totalRecord, 0))
        EXPECT(!data->list || data->list->__sizeitem == 0);
}

static void items_both(void)
{
    has_items(sent(to_both(2, "-", worded("A"), worded("B"))), worded("A"), worded("B"));
}

static void items_refused(void)
{
    struct _ns1__getSmsPackageItems request = {0};
    struct _ns1__getSmsPackageItemsResponse response;
    struct ns1__SmsPackageItemsResult *result;
    request.pkgID = long_number(1);
    if ((result = CALL(getSmsPackageItems, request, response)) && refused(result->err, "ERR_SMS_PKG_NOT_FOUND", 417))
        EXPECT(!result->data || (!result->data->stats && !result->data->list));
}

static void senders_list(void)
{
    struct _ns1__getSmsSenders request = {0};
    struct _ns1__getSmsSendersResponse response;
    struct ns1__SmsSendersResult *result;
    request.status = number(1);
    if (!(result = CALL(getSmsSenders, request, response)) || !succeeded(result->err) || !EXPECT(result->data))
        return;
    if (!equals(result->data->stats->totalRecord, 1) || !EXPECT(result->data->list && result->data->list->__sizeitem == 1))
        return;
    same(result->data->list->item[0].title, sender);
    equals(result->data->list->item[0].status, 1);
}

static void cancel_scheduled(void)
{
    struct _ns1__sendSms request = to_one(worded("scheduled"));
    struct _ns1__cancelSmsPackage cancel = {0};
    struct _ns1__cancelSmsPackageResponse response;
    struct ns1__StatusResult *result;
    struct ns1__SmsPackage *found;
    LONG64 id;
    request.customID = text("%s-3", tag);
    request.sendingDate = "2040-01-01 10:00";
    if (!(id = sent(request)))
        return;
    cancel.id = &id;
    if (!(result = CALL(cancelSmsPackage, cancel, response)) || !succeeded(result->err) || !EXPECT(result->data))
        return;
    if (equals(result->data->status, 1) && (found = package(id)))
        equals(found->state, -4);
}

static void cancel_refused(void)
{
    struct _ns1__cancelSmsPackage cancel = {0};
    struct _ns1__cancelSmsPackageResponse response;
    struct ns1__StatusResult *result;
    cancel.customID = text("%s-3", tag);
    if ((result = CALL(cancelSmsPackage, cancel, response)))
        refused(result->err, "ERR_SMS_PKG_NOT_CHANGEABLE", 417);
}

static void is_credit(struct ns1__CreditResult *result)
{
    if (result && succeeded(result->err))
        EXPECT(result->data && result->data->credit && *result->data->credit > 0);
}

static void credit(void)
{
    struct _ns1__getUserCredit request = {0};
    struct _ns1__getUserCreditResponse response;
    is_credit(CALL(getUserCredit, request, response));
    EXPECT(ctx->version == version); /* by now that of the answer */
}

static void credit_wrong_password(void)
{
    struct _ns1__getUserCredit request = {0};
    struct _ns1__getUserCreditResponse response;
    struct ns1__CreditResult *result;
    request.username = username;
    request.password = "wrong";
    if ((result = CALL_AS_IT_IS(getUserCredit, request, response)) && refused(result->err, "ERR_UNAUTHORIZED_REQUEST", 401))
        EXPECT(!result->data || !result->data->credit);
}

static void credit_by_basic(void)
{
    struct _ns1__getUserCredit request = {0};
    struct _ns1__getUserCreditResponse response;
    ctx->userid = username; /* gSOAP forgets them after the call */
    ctx->passwd = password;
    is_credit(CALL_AS_IT_IS(getUserCredit, request, response));
}

static void credit_fault(void)
{
    const char *envelope = version == 1 ? "http://schemas.xmlsoap.org/soap/envelope/" : "http://www.w3.org/2003/05/soap-envelope";
    const char *type = version == 1 ? "text/xml; charset=utf-8" : "application/soap+xml; charset=utf-8";
    struct _ns1__getUserCreditResponse response;
    char *call = text("<e:Envelope xmlns:e=\"%s\"><e:Body><noSuchOperation/></e:Body></e:Envelope>", envelope);
    if (!EXPECT(!soap_POST(ctx, url, NULL, type) && !soap_send(ctx, call) && !soap_end_send(ctx)))
        return;
    if (EXPECT(soap_recv___ns1__getUserCredit(ctx, &response) == SOAP_FAULT))
        same(*soap_faultstring(ctx), "The SOAP body does not hold a known operation.");
}

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
    {"sendSms one", send_one},
    {"sendSms many", send_many},
    {"sendSms each", send_each},
    {"sendSms duplicate", send_duplicate},
    {"sendSms empty", send_empty},
    {"sendSms refused", send_wrong_type},
    {"sendOtp sent", otp_sent},
    {"sendOtp refused", otp_refused},
    {"getSmsPackages by-id", packages_by_id},
    {"getSmsPackages none", packages_none},
    {"getSmsPackageItems both", items_both},
    {"getSmsPackageItems refused", items_refused},
    {"getSmsSenders list", senders_list},
    {"cancelSmsPackage scheduled", cancel_scheduled},
    {"cancelSmsPackage refused", cancel_refused},
    {"getUserCredit credit", credit},
    {"getUserCredit wrong-password", credit_wrong_password},
    {"getUserCredit basic", credit_by_basic},
    {"getUserCredit fault", credit_fault},
};

int main(int count, char **arguments)
{
    int at;
    if (count != 7)
        return 2;
    version = (short)atoi(arguments[1]);
    url = arguments[2];
    username = arguments[3];
    password = arguments[4];
    sender = arguments[5];
    tag = arguments[6];
    for (at = 0; at < COUNT(checks); at++) {
        ctx = soap_new1(SOAP_C_UTFSTRING); /* char * is UTF-8, both ways */
        *reason = '\0';
        checks[at].run();
        printf("CHECK %s %s%s\n", checks[at].name, *reason ? "FAIL " : "ok", reason);
        soap_destroy(ctx);
        soap_end(ctx);
        soap_free(ctx);
    }
    puts("DONE");
    return 0;
}
