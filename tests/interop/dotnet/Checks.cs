using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Sms {
    /// The checks of every client, by whatever proxy it has. Prints a line for each, and DONE.
    public class Checks {
        const string Turkish = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €";
        const string First = "905321234567";
        const string Second = "905331234567";

        readonly ISms sms;
        readonly ISms basic;
        readonly Func<string> fault;
        readonly string username;
        readonly string password;
        readonly string sender;
        readonly string tag;

        Checks(ISms sms, ISms basic, Func<string> fault, string[] arguments) {
            this.sms = sms;
            this.basic = basic;
            this.fault = fault;
            username = arguments[1];
            password = arguments[2];
            sender = arguments[3];
            tag = arguments[4];
        }

        /// basic: with HTTP Basic. fault: calls an operation that there is not and gives the text of the fault that is thrown, or null.
        /// arguments: URL USERNAME PASSWORD SENDER TAG
        public static void Run(ISms sms, ISms basic, Func<string> fault, string[] arguments) {
            Console.OutputEncoding = new UTF8Encoding(false);
            foreach (var named in new Checks(sms, basic, fault, arguments).Named()) {
                Console.WriteLine("CHECK {0} {1}", named.Key, Outcome(named.Value));
            }
            Console.WriteLine("DONE");
        }

        static string Outcome(Action check) {
            try {
                check();
                return "ok";
            } catch (Exception error) {
                return "FAIL " + string.Join(" ", error.ToString().Split((char[]) null, StringSplitOptions.RemoveEmptyEntries));
            }
        }

        IEnumerable<KeyValuePair<string, Action>> Named() {
            var checks = new List<KeyValuePair<string, Action>>();
            Action<string, Action> add = (name, check) => checks.Add(new KeyValuePair<string, Action>(name, check));
            add("sendSms one", One);
            add("sendSms many", Many);
            add("sendSms each", Each);
            add("sendSms encodings", Encodings);
            add("sendSms duplicate", Duplicate);
            add("sendSms empty", Empty);
            add("sendSms refused", BadType);
            add("sendOtp sent", Otp);
            add("sendOtp refused", OtpRefused);
            add("getSmsPackages by-id", PackagesById);
            add("getSmsPackages by-customID", PackagesByCustomId);
            add("getSmsPackages none", PackagesNone);
            add("getSmsPackageItems both", ItemsBoth);
            add("getSmsPackageItems refused", ItemsRefused);
            add("getSmsSenders list", Senders);
            add("cancelSmsPackage scheduled", Cancel);
            add("cancelSmsPackage refused", CancelRefused);
            add("getUserCredit credit", Credit);
            add("getUserCredit wrong-password", WrongPassword);
            add("getUserCredit basic", Basic);
            if (fault != null) {
                add("getUserCredit fault", Fault);
            }
            return checks;
        }

        void One() {
            True(IdOf(Send("one", tag + "-1")) > 0);
        }

        void Many() {
            var items = Items(IdOf(SendMany("many", new NumberItem { nr = First }, new NumberItem { nr = Second })));
            Same(new[] { First, Second }, items.Keys.OrderBy(number => number));
        }

        void Each() {
            True(IdOf(SendEach(Text("first"), Text("second"))) > 0);
        }

        void Encodings() {
            for (var encoding = 0; encoding < 3; encoding++) {
                var word = "encoding " + encoding;
                var package = Package(IdOf(Send(word, null, encoding)));
                Same(Text(word), package.content);
                Same(encoding, package.encoding);
            }
        }

        void Duplicate() {
            Refused("ERR_SMS_PKG_CUSTOM_ID_DUPLICATION", 417, Send("one", tag + "-1"));
        }

        void Empty() {
            Refused("ERR_EMPTY_SMS_PACKAGE", 417, SendMany("empty"));
        }

        void BadType() {
            Refused("ERR_BAD_REQUEST", 400, Send("refused", null, 1, 7));
        }

        void Otp() {
            var package = Package(IdOf(SendOtp(3)));
            Same(0, package.type);
            Same(3, package.validity);
        }

        void OtpRefused() {
            Refused("ERR_BAD_REQUEST", 400, SendOtp(30));
        }

        void PackagesById() {
            var package = Package(IdOf(Send("package", tag + "-2")));
            Same(tag + "-2", package.customID);
            Same(Text("package"), package.content);
            Same(new[] { sender }, package.senders);
            Same(1, package.statistics.rCount);
            True(package.statistics.total > 0);
            True(package.isScheduledSpecified && package.isScheduled == 0);
        }

        void PackagesByCustomId() {
            Same(Text("package"), Only(Packages(null, tag + "-2")).content);
        }

        void PackagesNone() {
            var data = Packages(1, null);
            True(data.stats.totalRecordSpecified);
            Same(0, data.stats.totalRecord);
            True(data.list == null || data.list.Length == 0);
        }

        void ItemsBoth() {
            var items = Items(IdOf(SendEach(Text("A"), Text("B"))));
            Same(new[] { First + Text("A"), Second + Text("B") }, items.Select(item => item.Key + item.Value).OrderBy(item => item));
        }

        void ItemsRefused() {
            var result = ItemsResult(1);
            Refusal("ERR_SMS_PKG_NOT_FOUND", 417, result.err);
            True(result.data == null || (result.data.stats == null && result.data.list == null));
        }

        void Senders() {
            var result = sms.getSmsSenders(username, password, null, 1, true, 0, false, 0, false);
            Succeeded(result.err);
            Same(1, result.data.stats.totalRecord);
            Same(new[] { sender }, result.data.list.Select(row => row.title));
            True(result.data.list[0].statusSpecified && result.data.list[0].status == 1);
        }

        void Cancel() {
            var id = IdOf(Send("scheduled", tag + "-3", 1, 1, "2040-01-01 10:00"));
            var result = sms.cancelSmsPackage(username, password, id, true, null, null);
            Succeeded(result.err);
            Same(1, result.data.status);
            var package = Package(id);
            Same(-4, package.state);
            Same(1, package.isScheduled);
            Same("2040-01-01", package.sendingDate.Substring(0, 10));
        }

        void CancelRefused() {
            var result = sms.cancelSmsPackage(username, password, 0, false, null, tag + "-3");
            Refusal("ERR_SMS_PKG_NOT_CHANGEABLE", 417, result.err);
            True(result.data == null || !result.data.statusSpecified);
        }

        void Credit() {
            HasCredit(sms.getUserCredit(username, password));
        }

        void WrongPassword() {
            var result = sms.getUserCredit(username, "wrong");
            Refusal("ERR_UNAUTHORIZED_REQUEST", 401, result.err);
            True(result.data == null || !result.data.creditSpecified);
        }

        void Basic() {
            HasCredit(basic.getUserCredit(null, null));
        }

        void Fault() {
            Same("The SOAP body does not hold a known operation.", fault());
        }

        string Text(string word) {
            return tag + " " + word + ": " + Turkish;
        }

        PackageIdResult Send(string word, string customID, int encoding = 1, int type = 1, string sendingDate = null) {
            return sms.sendSms(username, password, type, 0, "Deneme", Text(word), First, null, encoding, true, sender, null, sendingDate,
                0, false, null, false, false, customID);
        }

        PackageIdResult SendMany(string word, params NumberItem[] numbers) {
            return sms.sendSms(username, password, 1, 1, "Deneme", Text(word), null, numbers, 1, true, sender, null, null, 0, false, null,
                false, false, null);
        }

        PackageIdResult SendEach(string first, string second) {
            var numbers = new[] { new NumberItem { nr = First, msg = first }, new NumberItem { nr = Second, msg = second } };
            return sms.sendSms(username, password, 1, 2, "Deneme", "-", null, numbers, 1, true, sender, null, null, 0, false, null, false,
                false, null);
        }

        PackageIdResult SendOtp(int validity) {
            return sms.sendOtp(username, password, Text("otp"), First, 1, true, sender, validity, true, null, false, false, null, null);
        }

        SmsPackagesData Packages(long? id, string customID) {
            var ids = id == null ? null : new[] { id.Value };
            var customIDs = customID == null ? null : new[] { customID };
            var result = sms.getSmsPackages(username, password, ids, customIDs, null, null, 0, false, null, null, 0, false, 0, false);
            Succeeded(result.err);
            return result.data;
        }

        SmsPackage Package(long id) {
            var package = Only(Packages(id, null));
            Same(id, package.id);
            return package;
        }

        static SmsPackage Only(SmsPackagesData data) {
            Same(1, data.stats.totalRecord);
            Same(1, data.list.Length);
            return data.list[0];
        }

        SmsPackageItemsResult ItemsResult(long id) {
            return sms.getSmsPackageItems(username, password, id, true, null, null, null, 0, false, 0, false, 0, false, 0, false);
        }

        /// Number to text.
        Dictionary<string, string> Items(long id) {
            var result = ItemsResult(id);
            Succeeded(result.err);
            Same(result.data.list.Length, result.data.stats.totalRecord);
            True(result.data.list.All(item => !string.IsNullOrEmpty(item.id) && item.stateSpecified));
            return result.data.list.ToDictionary(item => item.target, item => item.msg);
        }

        static long IdOf(PackageIdResult result) {
            Succeeded(result.err);
            True(result.data.pkgIDSpecified);
            return result.data.pkgID;
        }

        static void HasCredit(CreditResult result) {
            Succeeded(result.err);
            True(result.data.creditSpecified && result.data.credit > 0);
        }

        static void Succeeded(SmsError error) {
            if (error != null && !string.IsNullOrEmpty(error.code)) {
                throw new Exception(error.code + " " + error.message);
            }
        }

        static void Refused(string code, int status, PackageIdResult result) {
            Refusal(code, status, result.err);
            True(result.data == null || !result.data.pkgIDSpecified);
        }

        static void Refusal(string code, int status, SmsError error) {
            Same(code, error.code);
            Same(status, error.status);
            True(error.message.Length > 0);
        }

        static void Same<T>(IEnumerable<T> expected, IEnumerable<T> found) {
            if (!expected.SequenceEqual(found)) {
                throw new Exception(string.Format("expected {0}, found {1}", string.Join(", ", expected), string.Join(", ", found)));
            }
        }

        static void Same(string expected, string found) {
            Same((object) expected, found);
        }

        static void Same(object expected, object found) {
            if (!Equals(expected, found)) {
                throw new Exception(string.Format("expected {0}, found {1}", expected, found));
            }
        }

        static void True(bool found) {
            if (!found) {
                throw new Exception("not so");
            }
        }
    }
}
