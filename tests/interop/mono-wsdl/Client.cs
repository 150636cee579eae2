using System.Net;
using System.Web.Services.Description;
using System.Web.Services.Protocols;

namespace Sms {
    public partial class SmsService : ISms {
        [SoapDocumentMethod("noSuchOperation", Use = SoapBindingUse.Literal, ParameterStyle = SoapParameterStyle.Wrapped)]
        public void noSuchOperation() {
            Invoke("noSuchOperation", new object[0]);
        }
    }

    /// A .NET web reference, by the proxy that wsdl wrote: Client.exe URL USERNAME PASSWORD SENDER TAG
    public static class Client {
        public static void Main(string[] arguments) {
            var sms = new SmsService { Url = arguments[0] };
            var basic = new SmsService { Url = arguments[0], Credentials = new NetworkCredential(arguments[1], arguments[2]) };
            Checks.Run(sms, basic, () => Fault(sms), arguments);
        }

        static string Fault(SmsService sms) {
            try {
                sms.noSuchOperation();
                return "no fault";
            } catch (SoapException fault) {
                return fault is SoapHeaderException ? "not of the body" : fault.Message; // .NET goes by the detail element
            }
        }
    }
}
