import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** The checks of every client, by whatever stubs it has. Prints a line for each, and DONE. */
final class Checks {
    private static final String TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €";
    private static final String FIRST = "905321234567";
    private static final String SECOND = "905331234567";

    private final Sms sms;
    private final Sms.Login login;
    private final String sender;
    private final String tag;

    private Checks(Sms sms, Sms.Login login, String sender, String tag) {
        this.sms = sms;
        this.login = login;
        this.sender = sender;
        this.tag = tag;
    }

    private interface Check {
        void run() throws Exception;
    }

    /** arguments: URL USERNAME PASSWORD SENDER TAG */
    static void run(Sms sms, String... arguments) {
        Checks checks = new Checks(sms, new Sms.Login(arguments[1], arguments[2]), arguments[3], arguments[4]);
        checks.named().forEach(named -> System.out.println("CHECK " + named.getKey() + " " + outcome(named.getValue())));
        System.out.println("DONE");
    }

    private static String outcome(Check check) {
        try {
            check.run();
            return "ok";
        } catch (Exception | AssertionError error) {
            return "FAIL " + error.toString().replaceAll("\\s+", " ");
        }
    }

    private List<Map.Entry<String, Check>> named() {
        return List.of(
                Map.entry("sendSms one", this::one),
                Map.entry("sendSms many", this::many),
                Map.entry("sendSms each", this::each),
                Map.entry("sendSms encodings", this::encodings),
                Map.entry("sendSms duplicate", this::duplicate),
                Map.entry("sendSms empty", this::empty),
                Map.entry("sendSms refused", this::refused),
                Map.entry("sendOtp sent", this::otp),
                Map.entry("sendOtp refused", this::otpRefused),
                Map.entry("getSmsPackages by-id", this::packagesByID),
                Map.entry("getSmsPackages by-customID", this::packagesByCustomID),
                Map.entry("getSmsPackages none", this::packagesNone),
                Map.entry("getSmsPackageItems both", this::itemsBoth),
                Map.entry("getSmsPackageItems refused", this::itemsRefused),
                Map.entry("getSmsSenders list", this::senders),
                Map.entry("cancelSmsPackage scheduled", this::cancel),
                Map.entry("cancelSmsPackage refused", this::cancelRefused),
                Map.entry("getUserCredit credit", this::credit),
                Map.entry("getUserCredit wrong-password", this::wrongPassword),
                Map.entry("getUserCredit basic", this::basic),
                Map.entry("getUserCredit fault", this::fault));
    }

    private void one() throws Exception {
        above(0, data(send("one", tag + "-1")));
    }

    private void many() throws Exception {
        long id = data(sms.sendSms(login, toMany("many", recipient(FIRST, null), recipient(SECOND, null))));
        same(Set.of(FIRST, SECOND), items(id).keySet());
    }

    private void each() throws Exception {
        above(0, data(sms.sendSms(login, toEach(text("first"), text("second")))));
    }

    private void encodings() throws Exception {
        for (int encoding = 0; encoding < 3; encoding++) {
            String text = text("encoding " + encoding);
            Sms.Sent sent = sent(data(sms.sendSms(login, new Sms.Message(1, 0, text, FIRST, null, encoding, null, null))));
            same(text, sent.content());
            same(encoding, sent.encoding());
        }
    }

    private void duplicate() throws Exception {
        refusal("ERR_SMS_PKG_CUSTOM_ID_DUPLICATION", 417, send("one", tag + "-1"));
    }

    private void empty() throws Exception {
        refusal("ERR_EMPTY_SMS_PACKAGE", 417, sms.sendSms(login, toMany("empty")));
    }

    private void refused() throws Exception {
        refusal("ERR_BAD_REQUEST", 400, sms.sendSms(login, new Sms.Message(7, 0, text("refused"), FIRST, null, 1, null, null)));
    }

    private void otp() throws Exception {
        Sms.Sent sent = sent(data(sms.sendOtp(login, text("otp"), FIRST, 3)));
        same(0, sent.type());
        same(3, sent.validity());
    }

    private void otpRefused() throws Exception {
        refusal("ERR_BAD_REQUEST", 400, sms.sendOtp(login, text("otp"), FIRST, 30));
    }

    private void packagesByID() throws Exception {
        Sms.Sent sent = sent(data(send("package", tag + "-2")));
        same(tag + "-2", sent.customID());
        same(text("package"), sent.content());
        same(List.of(sender), sent.senders());
        same(1, sent.recipients());
        above(0, sent.total());
        same(0, sent.isScheduled());
    }

    private void packagesByCustomID() throws Exception {
        same(text("package"), only(sms.getSmsPackages(login, null, List.of(tag + "-2"))).content());
    }

    private void packagesNone() throws Exception {
        same(new Sms.Page<>(0, List.of()), data(sms.getSmsPackages(login, List.of(1L), null)));
    }

    private void itemsBoth() throws Exception {
        long id = data(sms.sendSms(login, toEach(text("A"), text("B"))));
        same(Map.of(FIRST, text("A"), SECOND, text("B")), items(id));
    }

    private void itemsRefused() throws Exception {
        refusal("ERR_SMS_PKG_NOT_FOUND", 417, sms.getSmsPackageItems(login, 1));
    }

    private void senders() throws Exception {
        same(new Sms.Page<>(1, List.of(new Sms.Sender(sender, 1))), data(sms.getSmsSenders(login, 1)));
    }

    private void cancel() throws Exception {
        Sms.Message message = new Sms.Message(1, 0, text("scheduled"), FIRST, null, 1, tag + "-3", "2040-01-01 10:00");
        long id = data(sms.sendSms(login, message));
        same(1, data(sms.cancelSmsPackage(login, id, null)));
        Sms.Sent sent = sent(id);
        same(-4, sent.state());
        same(1, sent.isScheduled());
        same("2040-01-01", sent.sendingDate().substring(0, 10));
    }

    private void cancelRefused() throws Exception {
        refusal("ERR_SMS_PKG_NOT_CHANGEABLE", 417, sms.cancelSmsPackage(login, null, tag + "-3"));
    }

    private void credit() throws Exception {
        above(0, data(sms.getUserCredit(login)));
    }

    private void wrongPassword() throws Exception {
        refusal("ERR_UNAUTHORIZED_REQUEST", 401, sms.getUserCredit(new Sms.Login(login.username(), "wrong")));
    }

    private void basic() throws Exception {
        above(0, data(sms.withBasic(login).getUserCredit(new Sms.Login(null, null))));
    }

    private void fault() throws Exception {
        same("The SOAP body does not hold a known operation.", sms.fault());
    }

    private String text(String word) {
        return tag + " " + word + ": " + TURKISH;
    }

    private Sms.Answer<Long> send(String word, String customID) throws Exception {
        return sms.sendSms(login, new Sms.Message(1, 0, text(word), FIRST, null, 1, customID, null));
    }

    private static Sms.Recipient recipient(String number, String text) {
        return new Sms.Recipient(number, text);
    }

    private Sms.Message toMany(String word, Sms.Recipient... recipients) {
        return new Sms.Message(1, 1, text(word), null, List.of(recipients), 1, null, null);
    }

    private Sms.Message toEach(String first, String second) {
        return new Sms.Message(1, 2, "-", null, List.of(recipient(FIRST, first), recipient(SECOND, second)), 1, null, null);
    }

    private Sms.Sent sent(long id) throws Exception {
        Sms.Sent sent = only(sms.getSmsPackages(login, List.of(id), null));
        same(id, sent.id());
        return sent;
    }

    private static <T> T only(Sms.Answer<Sms.Page<T>> answer) {
        Sms.Page<T> page = data(answer);
        same(1, page.total());
        same(1, page.rows().size());
        return page.rows().get(0);
    }

    /** Number to text, "" when it has none of its own. */
    private Map<String, String> items(long id) throws Exception {
        Sms.Page<Sms.Item> page = data(sms.getSmsPackageItems(login, id));
        same(page.rows().size(), page.total());
        for (Sms.Item item : page.rows()) {
            Objects.requireNonNull(item.id(), "id");
            Objects.requireNonNull(item.state(), "state");
        }
        return page.rows().stream().collect(Collectors.toMap(Sms.Item::target, item -> Objects.requireNonNullElse(item.text(), "")));
    }

    private static <T> T data(Sms.Answer<T> answer) {
        if (answer.code() != null && !answer.code().isEmpty()) {
            throw new AssertionError(answer.toString());
        }
        return Objects.requireNonNull(answer.data(), "data");
    }

    private static void refusal(String code, int status, Sms.Answer<?> answer) {
        same(code, answer.code());
        same(status, answer.status());
        above(0, answer.message().length());
        same(null, answer.data());
    }

    private static void same(Object expected, Object found) {
        if (!Objects.equals(expected, found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }

    private static void above(long least, Number found) {
        if (found.longValue() <= least) {
            throw new AssertionError("expected more than " + least + ", found " + found);
        }
    }
}
