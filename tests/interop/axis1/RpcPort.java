import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import sms.*;

/**
 * The calls as a program makes them whose stubs come from an rpc/literal WSDL: a number cannot be left out, so it gives 0; what else is
 * null, Axis writes as xsi:nil.
 */
final class RpcPort {
    private static final int[] STATES = {-2, -1, 0, 1, 2, 3, 4, 5};

    private final SmsPortType stub;

    RpcPort(SmsPortType stub) {
        this.stub = stub;
    }

    private static int number(Integer value) {
        return value == null ? 0 : value;
    }

    CreditResult getUserCredit(String username, String password) throws Exception {
        return stub.getUserCredit(username, password);
    }

    SmsSendersResult getSmsSenders(String username, String password, String keyword, Integer status, Integer pageIndex,
            Integer pageSize) throws Exception {
        return stub.getSmsSenders(username, password, keyword, number(status), number(pageIndex), number(pageSize));
    }

    PackageIdResult sendOtp(String username, String password, String content, String number, Integer encoding, String sender,
            Integer validity, PushSettings pushSettings, Boolean commercial, String customID, String trustDate) throws Exception {
        return stub.sendOtp(username, password, content, number, encoding, sender, number(validity), null, false,
                customID, trustDate);
    }

    PackageIdResult sendSms(String username, String password, int type, int sendingType, String title, String content, String number,
            NumberItem[] numbers, Integer encoding, String sender, PeriodicSettings periodicSettings, String sendingDate,
            Integer validity, PushSettings pushSettings, Boolean commercial, String customID) throws Exception {
        return stub.sendSms(username, password, type, sendingType, title, content, number, numbers, encoding, sender, null, sendingDate,
                number(validity), null, false, customID);
    }

    SmsPackagesResult getSmsPackages(String username, String password, long[] ids, String[] customIDs, String keyword, String sender,
            Integer status, String startDate, String finishDate, Integer pageIndex, Integer pageSize) throws Exception {
        return stub.getSmsPackages(username, password, ids, customIDs, keyword, sender, number(status), startDate,
                finishDate, number(pageIndex), number(pageSize));
    }

    /** Operator 0 is that of the numbers; state 0 would be a filter too, so each is asked for, in the order in which they follow. */
    SmsPackageItemsResult getSmsPackageItems(String username, String password, long pkgID, String uuid, String customID, String target,
            Integer operator, Integer state, Integer pageIndex, Integer pageSize) throws Exception {
        SmsPackageItemsResult result = null;
        Map<String, SmsPackageItem> items = new LinkedHashMap<>();
        for (int each : STATES) {
            result = stub.getSmsPackageItems(username, password, pkgID, uuid, customID, target, number(operator), each,
                    number(pageIndex), number(pageSize));
            if (result.getData().getStats() == null) {
                return result;
            }
            if (result.getData().getList() != null) {
                Stream.of(result.getData().getList()).forEach(item -> items.put(item.getId(), item));
            }
        }
        result.getData().setList(items.values().toArray(SmsPackageItem[]::new));
        result.getData().getStats().setTotalRecord(items.size());
        return result;
    }

    StatusResult cancelSmsPackage(String username, String password, Long id, String uuid, String customID) throws Exception {
        return stub.cancelSmsPackage(username, password, id == null ? 0 : id, uuid, customID);
    }
}
