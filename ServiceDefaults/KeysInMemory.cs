using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults;

/// <summary>
/// The framework wants a key ring, by default as a file in the user's home. Nothing that we protect with it
/// outlives the process: the Console's form tokens are made again with the next page.
/// </summary>
public static class KeysInMemory
{
    public static IServiceCollection AddKeysInMemory(this IServiceCollection services) =>
        services.Configure<KeyManagementOptions>(options =>
        {
            options.XmlRepository = new Repository();
            options.XmlEncryptor = new NullXmlEncryptor();
        });

    private sealed class Repository : IXmlRepository
    {
        private readonly List<XElement> _elements = [];

        public IReadOnlyCollection<XElement> GetAllElements()
        {
            lock (_elements) return [.. _elements.Select(element => new XElement(element))];
        }

        public void StoreElement(XElement element, string friendlyName)
        {
            lock (_elements) _elements.Add(new XElement(element));
        }
    }
}
