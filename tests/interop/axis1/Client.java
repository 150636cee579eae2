import java.net.URL;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.axis.AxisFault;
import org.apache.axis.client.Call;
import org.apache.axis.client.Service;
import org.apache.axis.client.Stub;
import sms.*;

/** Axis 1.4, by the stubs that WSDL2Java made: java Client URL USERNAME PASSWORD SENDER TAG */
final class Client implements Sms {
    private final String url;
    private final String sender;
    private final SmsPortType stub;
    private final SmsPortType port;

    private Client(String url, String sender) throws Exception {
        this.url = url;
        this.sender = sender;
        stub = new SmsServiceLocator().getSmsPort(new URL(url));
        port = stub;
    }

    public static void main(String[] arguments) throws Exception {
        Checks.run(new Client(arguments[0], arguments[3]), arguments);
    }

    @Override
    public Sms withBasic(Login login) throws Exception {
        Client client = new Client(url, sender);
        ((Stub) client.stub).setUsername(login.username());
        ((Stub) client.stub).setPassword(login.password());
        return client;
    }

    @Override
    public Answer<Long> getUserCredit(Login login) throws Exception {
        CreditResult result = port.getUserCredit(login.username(), login.password());
        return answer(result.getErr(), result.getData(), CreditData::getCredit);
    }

    @Override
    public Answer<Page<Sender>> getSmsSenders(Login login, int status) throws Exception {
        SmsSendersResult result = port.getSmsSenders(login.username(), login.password(), null, status, null, null);
        return answer(result.getErr(), result.getData(),
                data -> page(data.getStats(), data.getList(), row -> new Sender(row.getTitle(), row.getStatus())));
    }

    @Override
    public Answer<Long> sendOtp(Login login, String content, String number, int validity) throws Exception {
        PackageIdResult result = port.sendOtp(login.username(), login.password(), content, number, 1, sender, validity, null, null,
                null, null);
        return answer(result.getErr(), result.getData(), PackageIdData::getPkgID);
    }

    @Override
    public Answer<Long> sendSms(Login login, Message message) throws Exception {
        PackageIdResult result = port.sendSms(login.username(), login.password(), message.type(), message.sendingType(), "Deneme",
                message.content(), message.number(), numbers(message.numbers()), message.encoding(), sender, null,
                message.sendingDate(), null, null, null, message.customID());
        return answer(result.getErr(), result.getData(), PackageIdData::getPkgID);
    }

    private static NumberItem[] numbers(List<Recipient> recipients) {
        return recipients == null ? null
                : recipients.stream().map(recipient -> new NumberItem(recipient.number(), recipient.text())).toArray(NumberItem[]::new);
    }

    @Override
    public Answer<Page<Sent>> getSmsPackages(Login login, List<Long> ids, List<String> customIDs) throws Exception {
        long[] idArray = ids == null ? null : ids.stream().mapToLong(Long::longValue).toArray();
        String[] customIDArray = customIDs == null ? null : customIDs.toArray(String[]::new);
        SmsPackagesResult result = port.getSmsPackages(login.username(), login.password(), idArray, customIDArray, null, null, null,
                null, null, null, null);
        return answer(result.getErr(), result.getData(), data -> page(data.getStats(), data.getList(), Client::sent));
    }

    private static Sent sent(SmsPackage row) {
        return new Sent(row.getId(), row.getCustomID(), row.getType(), row.getState(), row.getContent(), List.of(row.getSenders()),
                row.getEncoding(), row.getValidity(), row.getStatistics().getRCount(), row.getStatistics().getTotal(),
                row.getIsScheduled(), row.getSendingDate());
    }

    @Override
    public Answer<Page<Item>> getSmsPackageItems(Login login, long packageID) throws Exception {
        SmsPackageItemsResult result = port.getSmsPackageItems(login.username(), login.password(), packageID, null, null, null, null,
                null, null, null);
        return answer(result.getErr(), result.getData(), data -> page(data.getStats(), data.getList(),
                row -> new Item(row.getId(), row.getMsg(), row.getState(), row.getTarget())));
    }

    @Override
    public Answer<Integer> cancelSmsPackage(Login login, Long packageID, String customID) throws Exception {
        StatusResult result = port.cancelSmsPackage(login.username(), login.password(), packageID, null, customID);
        return answer(result.getErr(), result.getData(), StatusData::getStatus);
    }

    @Override
    public String fault() throws Exception {
        Call call = (Call) new Service().createCall();
        call.setTargetEndpointAddress(new URL(url));
        call.setOperationName("noSuchOperation");
        try {
            return "no fault: " + call.invoke(new Object[0]);
        } catch (AxisFault fault) {
            return fault.getFaultString();
        }
    }

    private static <D, T> Answer<T> answer(SmsError error, D data, Function<D, T> read) {
        T value = data == null ? null : read.apply(data);
        return error == null ? new Answer<>(null, null, null, value)
                : new Answer<>(error.getStatus(), error.getCode(), error.getMessage(), value);
    }

    private static <R, T> Page<T> page(ListStats stats, R[] rows, Function<R, T> read) {
        return stats == null ? null : new Page<>(stats.getTotalRecord(), rows == null ? List.of() : Stream.of(rows).map(read).toList());
    }
}
