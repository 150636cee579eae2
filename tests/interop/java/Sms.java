import java.util.List;

/** The seven operations in the words of the checks; each stack says them with stubs of its own. What is null is left out of the call. */
interface Sms {
    record Login(String username, String password) {}

    record Recipient(String number, String text) {}

    record Message(int type, int sendingType, String content, String number, List<Recipient> numbers, int encoding, String customID,
            String sendingDate) {}

    record Answer<T>(Integer status, String code, String message, T data) {}

    record Page<T>(Integer total, List<T> rows) {}

    record Sender(String title, Integer status) {}

    record Sent(Long id, String customID, Integer type, Integer state, String content, List<String> senders, Integer encoding,
            Integer validity, Integer recipients, Integer total, Integer isScheduled, String sendingDate) {}

    record Item(String id, String text, Integer state, String target) {}

    /** The answer's data is the credit. */
    Answer<Long> getUserCredit(Login login) throws Exception;

    Answer<Page<Sender>> getSmsSenders(Login login, int status) throws Exception;

    /** The answer's data is the id of the new package. */
    Answer<Long> sendOtp(Login login, String content, String number, int validity) throws Exception;

    /** The answer's data is the id of the new package. */
    Answer<Long> sendSms(Login login, Message message) throws Exception;

    Answer<Page<Sent>> getSmsPackages(Login login, List<Long> ids, List<String> customIDs) throws Exception;

    Answer<Page<Item>> getSmsPackageItems(Login login, long packageID) throws Exception;

    /** The answer's data is the status. */
    Answer<Integer> cancelSmsPackage(Login login, Long packageID, String customID) throws Exception;

    /** The same with HTTP Basic. */
    Sms withBasic(Login login) throws Exception;

    /** Calls an operation that there is not; the text of the fault that the stack throws. */
    String fault() throws Exception;
}
