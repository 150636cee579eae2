import java.net.URL;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.xml.namespace.QName;
import javax.xml.rpc.ParameterMode;
import org.apache.axis.AxisFault;
import org.apache.axis.Constants;
import org.apache.axis.client.Call;
import org.apache.axis.client.Service;
import org.apache.axis.encoding.XMLType;
import org.apache.axis.encoding.ser.ElementDeserializerFactory;
import org.apache.axis.encoding.ser.ElementSerializerFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** Axis 1.4 without a WSDL, by rpc/encoded calls: java Calls URL USERNAME PASSWORD SENDER TAG */
final class Calls implements Sms {
    private static final String NAMESPACE = "http://localhost:9587/wsdl/sms";
    private static final QName RESULT = new QName(NAMESPACE, "Result"); // of our own, so that Axis, which finds no type in the answer, leaves it as XML

    private final String url;
    private final String sender;
    private final Login basic;

    private Calls(String url, String sender, Login basic) {
        this.url = url;
        this.sender = sender;
        this.basic = basic;
    }

    public static void main(String[] arguments) {
        Checks.run(new Calls(arguments[0], arguments[3], null), arguments);
    }

    @Override
    public Sms withBasic(Login login) {
        return new Calls(url, sender, login);
    }

    @Override
    public Answer<Long> getUserCredit(Login login) throws Exception {
        return call("getUserCredit", login, Map.of(), data -> number(data, "credit"));
    }

    @Override
    public Answer<Page<Sender>> getSmsSenders(Login login, int status) throws Exception {
        return call("getSmsSenders", login, Map.of("status", status),
                page(row -> new Sender(text(row, "title"), integer(row, "status"))));
    }

    @Override
    public Answer<Long> sendOtp(Login login, String content, String number, int validity) throws Exception {
        Map<String, Object> fields = Map.of("content", content, "number", number, "encoding", 1, "sender", sender, "validity", validity);
        return call("sendOtp", login, fields, data -> number(data, "pkgID"));
    }

    @Override
    public Answer<Long> sendSms(Login login, Message message) throws Exception {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("type", message.type());
        fields.put("sendingType", message.sendingType());
        fields.put("title", "Deneme");
        fields.put("content", message.content());
        fields.put("number", message.number());
        fields.put("numbers", message.numbers() == null ? null : message.numbers().stream().map(Calls::recipient).toArray());
        fields.put("encoding", message.encoding());
        fields.put("sender", sender);
        fields.put("sendingDate", message.sendingDate());
        fields.put("customID", message.customID());
        return call("sendSms", login, fields, data -> number(data, "pkgID"));
    }

    /** A number alone as text, one with a text as a map: what Axis writes without a bean. */
    private static Object recipient(Recipient recipient) {
        return recipient.text() == null ? recipient.number()
                : new HashMap<>(Map.of("nr", recipient.number(), "msg", recipient.text()));
    }

    @Override
    public Answer<Page<Sent>> getSmsPackages(Login login, List<Long> ids, List<String> customIDs) throws Exception {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("ids", ids == null ? null : ids.toArray());
        fields.put("customIDs", customIDs == null ? null : customIDs.toArray());
        return call("getSmsPackages", login, fields, page(Calls::sent));
    }

    private static Sent sent(Element row) {
        Element statistics = child(row, "statistics");
        return new Sent(number(row, "id"), text(row, "customID"), integer(row, "type"), integer(row, "state"), text(row, "content"),
                children(child(row, "senders")).stream().map(Element::getTextContent).toList(), integer(row, "encoding"),
                integer(row, "validity"), integer(statistics, "rCount"), integer(statistics, "total"), integer(row, "isScheduled"),
                text(row, "sendingDate"));
    }

    @Override
    public Answer<Page<Item>> getSmsPackageItems(Login login, long packageID) throws Exception {
        return call("getSmsPackageItems", login, Map.of("pkgID", packageID),
                page(row -> new Item(text(row, "id"), text(row, "msg"), integer(row, "state"), text(row, "target"))));
    }

    @Override
    public Answer<Integer> cancelSmsPackage(Login login, Long packageID, String customID) throws Exception {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", packageID);
        fields.put("customID", customID);
        return call("cancelSmsPackage", login, fields, data -> integer(data, "status"));
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

    private <T> Answer<T> call(String operation, Login login, Map<String, Object> fields, Function<Element, T> read) throws Exception {
        Call call = (Call) new Service().createCall();
        call.setTargetEndpointAddress(new URL(url));
        call.setOperationName(new QName(NAMESPACE, operation));
        call.registerTypeMapping(Element.class, RESULT, new ElementSerializerFactory(), new ElementDeserializerFactory());
        call.setReturnType(RESULT);
        if (basic != null) {
            call.setUsername(basic.username());
            call.setPassword(basic.password());
        }
        List<Object> values = new ArrayList<>();
        add(call, values, "username", login.username());
        add(call, values, "password", login.password());
        fields.forEach((name, value) -> add(call, values, name, value));
        call.invoke(values.toArray());
        Element envelope = call.getResponseMessage().getSOAPEnvelope().getAsDOM();
        Element result = child(child(child(envelope, "Body"), operation + "Response"), "result");
        Element error = child(result, "err");
        Element data = child(result, "data");
        return new Answer<>(integer(error, "status"), text(error, "code"), text(error, "message"),
                children(data).isEmpty() ? null : read.apply(data));
    }

    private static void add(Call call, List<Object> values, String name, Object value) {
        if (value != null) {
            call.addParameter(name, type(value), ParameterMode.IN);
            values.add(value);
        }
    }

    private static QName type(Object value) {
        if (value instanceof String) {
            return XMLType.XSD_STRING;
        }
        return value instanceof Integer ? XMLType.XSD_INT : value instanceof Long ? XMLType.XSD_LONG : Constants.SOAP_ARRAY;
    }

    private static <T> Function<Element, Page<T>> page(Function<Element, T> read) {
        return data -> new Page<>(integer(child(data, "stats"), "totalRecord"),
                children(child(data, "list")).stream().map(read).toList());
    }

    private static Element child(Element parent, String name) {
        return children(parent).stream().filter(element -> name.equals(element.getLocalName())).findFirst().orElse(null);
    }

    private static List<Element> children(Element parent) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent == null ? null : parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                found.add(element);
            }
        }
        return found;
    }

    private static String text(Element parent, String name) {
        Element element = child(parent, name);
        return element == null ? null : element.getTextContent();
    }

    private static Long number(Element parent, String name) {
        String text = text(parent, name);
        return text == null ? null : Long.valueOf(text);
    }

    private static Integer integer(Element parent, String name) {
        String text = text(parent, name);
        return text == null ? null : Integer.valueOf(text);
    }
}
