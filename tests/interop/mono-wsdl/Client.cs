using System.Net;

namespace Sms {
    public partial class SmsService : ISms { }

    /// A .NET web reference, by the proxy that wsdl wrote: Client.exe URL USERNAME PASSWORD SENDER TAG
    public static class Client {
        public static void Main(string[] arguments) {
            var url = arguments[0];
            var basic = new SmsService { Url = url, Credentials = new NetworkCredential(arguments[1], arguments[2]) };
            Checks.Run(new SmsService { Url = url }, basic, arguments);
        }
    }
}
