import java.io.StringReader;
import java.net.URL;
import java.util.List;
import java.util.function.Function;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.Service;
import javax.xml.ws.soap.SOAPFaultException;
import sms.*;

/** JAX-WS RI, by the stubs that wsimport made: java Client URL USERNAME PASSWORD SENDER TAG */
final class Client implements Sms {
    private final String url;
    private final String sender;
    private final SmsPortType stub;
    private final SmsPortType port;

    private Client(String url, String sender) throws Exception {
        this.url = url;
        this.sender = sender;
        stub = new SmsService(new URL(url + "?wsdl")).getSmsPort();
        port = stub;
    }

    public static void main(String[] arguments) throws Exception {
        Checks.run(new Client(arguments[0], arguments[3]), arguments);
    }

    @Override
    public Sms withBasic(Login login) throws Exception {
        Client client = new Client(url, sender);
        var context = ((BindingProvider) client.stub).getRequestContext();
        context.put(BindingProvider.USERNAME_PROPERTY, login.username());
        context.put(BindingProvider.PASSWORD_PROPERTY, login.password());
        return client;
    }

    @Override
    public Answer<Long> getUserCredit(Login login) {
        CreditResult result = port.getUserCredit(login.username(), login.password());
        return answer(result.getErr(), result.getData(), CreditData::getCredit);
    }

    @Override
    public Answer<Page<Sender>> getSmsSenders(Login login, int status) {
        SmsSendersResult result = port.getSmsSenders(login.username(), login.password(), null, status, null, null);
        return answer(result.getErr(), result.getData(), data -> page(data.getStats(), data.getList(), SmsSenderList::getItem,
                row -> new Sender(row.getTitle(), row.getStatus())));
    }

    @Override
    public Answer<Long> sendOtp(Login login, String content, String number, int validity) {
        PackageIdResult result = port.sendOtp(login.username(), login.password(), content, number, 1, sender, validity, null, null,
                null, null);
        return answer(result.getErr(), result.getData(), PackageIdData::getPkgID);
    }

    @Override
    public Answer<Long> sendSms(Login login, Message message) {
        PackageIdResult result = port.sendSms(login.username(), login.password(), message.type(), message.sendingType(), "Deneme",
                message.content(), message.number(), numbers(message.numbers()), message.encoding(), sender, null,
                message.sendingDate(), null, null, null, message.customID());
        return answer(result.getErr(), result.getData(), PackageIdData::getPkgID);
    }

    private static NumberList numbers(List<Recipient> recipients) {
        if (recipients == null) {
            return null;
        }
        NumberList list = new NumberList();
        for (Recipient recipient : recipients) {
            NumberItem item = new NumberItem();
            item.setNr(recipient.number());
            item.setMsg(recipient.text());
            list.getItem().add(item);
        }
        return list;
    }

    @Override
    public Answer<Page<Sent>> getSmsPackages(Login login, List<Long> ids, List<String> customIDs) {
        IdList idList = new IdList();
        idList.getItem().addAll(ids == null ? List.of() : ids);
        StringList customIDList = new StringList();
        customIDList.getItem().addAll(customIDs == null ? List.of() : customIDs);
        SmsPackagesResult result = port.getSmsPackages(login.username(), login.password(), idList, customIDList, null, null, null, null,
                null, null, null);
        return answer(result.getErr(), result.getData(),
                data -> page(data.getStats(), data.getList(), SmsPackageList::getItem, Client::sent));
    }

    private static Sent sent(SmsPackage row) {
        return new Sent(row.getId(), row.getCustomID(), row.getType(), row.getState(), row.getContent(), row.getSenders().getItem(),
                row.getEncoding(), row.getValidity(), row.getStatistics().getRCount(), row.getStatistics().getTotal(),
                row.getIsScheduled(), row.getSendingDate());
    }

    @Override
    public Answer<Page<Item>> getSmsPackageItems(Login login, long packageID) {
        SmsPackageItemsResult result = port.getSmsPackageItems(login.username(), login.password(), packageID, null, null, null, null,
                null, null, null);
        return answer(result.getErr(), result.getData(), data -> page(data.getStats(), data.getList(), SmsPackageItemList::getItem,
                row -> new Item(row.getId(), row.getMsg(), row.getState(), row.getTarget())));
    }

    @Override
    public Answer<Integer> cancelSmsPackage(Login login, Long packageID, String customID) {
        StatusResult result = port.cancelSmsPackage(login.username(), login.password(), packageID, null, customID);
        return answer(result.getErr(), result.getData(), StatusData::getStatus);
    }

    @Override
    public String fault() throws Exception {
        Service service = new SmsService(new URL(url + "?wsdl"));
        var dispatch = service.createDispatch(service.getPorts().next(), Source.class, Service.Mode.PAYLOAD);
        String call = "<s:noSuchOperation xmlns:s='" + service.getServiceName().getNamespaceURI() + "'/>";
        try {
            return "no fault: " + dispatch.invoke(new StreamSource(new StringReader(call)));
        } catch (SOAPFaultException fault) {
            return fault.getFault().getFaultString();
        }
    }

    private static <D, T> Answer<T> answer(SmsError error, D data, Function<D, T> read) {
        T value = data == null ? null : read.apply(data);
        return error == null ? new Answer<>(null, null, null, value)
                : new Answer<>(error.getStatus(), error.getCode(), error.getMessage(), value);
    }

    private static <L, R, T> Page<T> page(ListStats stats, L list, Function<L, List<R>> rows, Function<R, T> read) {
        return stats == null ? null
                : new Page<>(stats.getTotalRecord(), list == null ? List.of() : rows.apply(list).stream().map(read).toList());
    }
}
