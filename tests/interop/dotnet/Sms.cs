namespace Sms {
    /// The seven operations with the parameters that wsdl.exe and svcutil both write: a flag follows each optional number.
    public interface ISms {
        PackageIdResult sendOtp(string username, string password, string content, string number, int encoding, bool encodingSpecified,
            string sender, int validity, bool validitySpecified, PushSettings pushSettings, bool commercial, bool commercialSpecified,
            string customID, string trustDate);
        PackageIdResult sendSms(string username, string password, int type, int sendingType, string title, string content, string number,
            NumberItem[] numbers, int encoding, bool encodingSpecified, string sender, PeriodicSettings periodicSettings,
            string sendingDate, int validity, bool validitySpecified, PushSettings pushSettings, bool commercial, bool commercialSpecified,
            string customID);
        SmsPackagesResult getSmsPackages(string username, string password, long[] ids, string[] customIDs, string keyword, string sender,
            int status, bool statusSpecified, string startDate, string finishDate, int pageIndex, bool pageIndexSpecified,
            int pageSize, bool pageSizeSpecified);
        SmsPackageItemsResult getSmsPackageItems(string username, string password, long pkgID, bool pkgIDSpecified, string uuid,
            string customID, string target, int @operator, bool operatorSpecified, int state, bool stateSpecified, int pageIndex,
            bool pageIndexSpecified, int pageSize, bool pageSizeSpecified);
        SmsSendersResult getSmsSenders(string username, string password, string keyword, int status, bool statusSpecified,
            int pageIndex, bool pageIndexSpecified, int pageSize, bool pageSizeSpecified);
        StatusResult cancelSmsPackage(string username, string password, long id, bool idSpecified, string uuid, string customID);
        CreditResult getUserCredit(string username, string password);
    }
}
