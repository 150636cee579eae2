using System.ServiceModel;

namespace Sms {
    public partial class SmsPortTypeClient : ISms { }

    /// WCF, by the proxy that svcutil.py wrote: Client.exe URL USERNAME PASSWORD SENDER TAG
    public static class Client {
        public static void Main(string[] arguments) {
            // no fault: Mono takes any detail for an ExceptionDetail and throws a SerializationException, where .NET has a FaultException
            Checks.Run(Proxy(arguments, new BasicHttpBinding()), Proxy(arguments, WithBasic()), null, arguments);
        }

        static BasicHttpBinding WithBasic() {
            var binding = new BasicHttpBinding(BasicHttpSecurityMode.TransportCredentialOnly);
            binding.Security.Transport.ClientCredentialType = HttpClientCredentialType.Basic;
            return binding;
        }

        static SmsPortTypeClient Proxy(string[] arguments, BasicHttpBinding binding) {
            var proxy = new SmsPortTypeClient(binding, new EndpointAddress(arguments[0]));
            proxy.ClientCredentials.UserName.UserName = arguments[1];
            proxy.ClientCredentials.UserName.Password = arguments[2];
            return proxy;
        }
    }
}
