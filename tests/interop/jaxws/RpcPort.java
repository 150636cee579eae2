import java.util.LinkedHashMap;
import java.util.Map;
import sms.*;

/** The calls as a program makes them whose stubs come from an rpc/literal WSDL: nothing can be left out, so it gives what is empty or 0. */
final class RpcPort {
    private static final int[] STATES = {-2, -1, 0, 1, 2, 3, 4, 5};

    private final SmsPortType stub;

    RpcPort(SmsPortType stub) {
        this.stub = stub;
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }

    private static int number(Integer value) {
        return value == null ? 0 : value;
    }

    CreditResult getUserCredit(String username, String password) {
        return stub.getUserCredit(text(username), text(password));
    }

    SmsSendersResult getSmsSenders(String username, String password, String keyword, Integer status, Integer pageIndex,
            Integer pageSize) {
        return stub.getSmsSenders(username, password, text(keyword), number(status), number(pageIndex), number(pageSize));
    }

    PackageIdResult sendOtp(String username, String password, String content, String number, Integer encoding, String sender,
            Integer validity, PushSettings pushSettings, Boolean commercial, String customID, String trustDate) {
        return stub.sendOtp(username, password, content, number, encoding, sender, number(validity), new PushSettings(), false,
                text(customID), text(trustDate));
    }

    PackageIdResult sendSms(String username, String password, int type, int sendingType, String title, String content, String number,
            NumberList numbers, Integer encoding, String sender, PeriodicSettings periodicSettings, String sendingDate,
            Integer validity, PushSettings pushSettings, Boolean commercial, String customID) {
        return stub.sendSms(username, password, type, sendingType, title, content, text(number),
                numbers == null ? new NumberList() : numbers, encoding, sender, new PeriodicSettings(), text(sendingDate),
                number(validity), new PushSettings(), false, text(customID));
    }

    SmsPackagesResult getSmsPackages(String username, String password, IdList ids, StringList customIDs, String keyword, String sender,
            Integer status, String startDate, String finishDate, Integer pageIndex, Integer pageSize) {
        return stub.getSmsPackages(username, password, ids, customIDs, text(keyword), text(sender), number(status), text(startDate),
                text(finishDate), number(pageIndex), number(pageSize));
    }

    /** Operator 0 is that of the numbers; state 0 would be a filter too, so each is asked for, in the order in which they follow. */
    SmsPackageItemsResult getSmsPackageItems(String username, String password, long pkgID, String uuid, String customID, String target,
            Integer operator, Integer state, Integer pageIndex, Integer pageSize) {
        SmsPackageItemsResult result = null;
        Map<String, SmsPackageItem> items = new LinkedHashMap<>();
        for (int each : STATES) {
            result = stub.getSmsPackageItems(username, password, pkgID, text(uuid), text(customID), text(target), number(operator), each,
                    number(pageIndex), number(pageSize));
            if (result.getData().getStats() == null) {
                return result;
            }
            if (result.getData().getList() != null) {
                result.getData().getList().getItem().forEach(item -> items.put(item.getId(), item));
            }
        }
        SmsPackageItemList list = new SmsPackageItemList();
        list.getItem().addAll(items.values());
        result.getData().setList(list);
        result.getData().getStats().setTotalRecord(items.size());
        return result;
    }

    StatusResult cancelSmsPackage(String username, String password, Long id, String uuid, String customID) {
        return stub.cancelSmsPackage(username, password, id == null ? 0 : id, text(uuid), text(customID));
    }
}
