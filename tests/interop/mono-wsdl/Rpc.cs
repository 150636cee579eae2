using System.Linq;

namespace Sms {
    /// The calls as a program makes them whose proxy comes from an rpc/literal WSDL: a number cannot be left out, so it gives 0.
    public partial class SmsService {
        static readonly int[] States = { -2, -1, 0, 1, 2, 3, 4, 5 };

        public PackageIdResult sendOtp(string username, string password, string content, string number, int encoding,
            bool encodingSpecified, string sender, int validity, bool validitySpecified, PushSettings pushSettings, bool commercial,
            bool commercialSpecified, string customID, string trustDate) {
            return sendOtp(username, password, content, number, encoding, sender, validity, pushSettings, commercial, customID, trustDate);
        }

        public PackageIdResult sendSms(string username, string password, int type, int sendingType, string title, string content,
            string number, NumberItem[] numbers, int encoding, bool encodingSpecified, string sender, PeriodicSettings periodicSettings,
            string sendingDate, int validity, bool validitySpecified, PushSettings pushSettings, bool commercial, bool commercialSpecified,
            string customID) {
            return sendSms(username, password, type, sendingType, title, content, number, numbers, encoding, sender, periodicSettings,
                sendingDate, validity, pushSettings, commercial, customID);
        }

        public SmsPackagesResult getSmsPackages(string username, string password, long[] ids, string[] customIDs, string keyword,
            string sender, int status, bool statusSpecified, string startDate, string finishDate, int pageIndex, bool pageIndexSpecified,
            int pageSize, bool pageSizeSpecified) {
            return getSmsPackages(username, password, ids, customIDs, keyword, sender, status, startDate, finishDate, pageIndex, pageSize);
        }

        /// Operator 0 is that of the numbers; state 0 would be a filter too, so each is asked for, in the order in which they follow.
        public SmsPackageItemsResult getSmsPackageItems(string username, string password, long pkgID, bool pkgIDSpecified, string uuid,
            string customID, string target, int @operator, bool operatorSpecified, int state, bool stateSpecified, int pageIndex,
            bool pageIndexSpecified, int pageSize, bool pageSizeSpecified) {
            var results = States.Select(each => getSmsPackageItems(username, password, pkgID, uuid, customID, target, @operator, each,
                pageIndex, pageSize)).ToList();
            var result = results.Last();
            if (result.data != null && result.data.stats != null) {
                var rows = results.SelectMany(each => each.data.list ?? new SmsPackageItem[0]);
                result.data.list = rows.GroupBy(row => row.id).Select(same => same.Last()).ToArray();
                result.data.stats.totalRecord = result.data.list.Length;
            }
            return result;
        }

        public SmsSendersResult getSmsSenders(string username, string password, string keyword, int status, bool statusSpecified,
            int pageIndex, bool pageIndexSpecified, int pageSize, bool pageSizeSpecified) {
            return getSmsSenders(username, password, keyword, status, pageIndex, pageSize);
        }

        public StatusResult cancelSmsPackage(string username, string password, long id, bool idSpecified, string uuid, string customID) {
            return cancelSmsPackage(username, password, id, uuid, customID);
        }
    }
}
