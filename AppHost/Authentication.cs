using Aspire.Hosting.ApplicationModel;
using Billing.AppHost.Infrastructure;
using Billing.LocalTools;
using Microsoft.Extensions.Configuration;

namespace Billing.AppHost;

/// <summary>
/// Whose tokens the services believe: the issuer that <c>Authentication</c> in the AppHost's configuration
/// names, else the development issuer of this data folder, which signs what <c>./billing token</c> prints.
/// That one is for development only: in another environment a service without an issuer refuses to start.
/// </summary>
internal static class Authentication
{
    private const string Section = "Authentication";

    public static void Configure(IResourceBuilder<ProjectResource> service, Stack stack)
    {
        foreach (var (name, value) in Settings(stack)) service.WithEnvironment($"{Section}__{name}", value);
    }

    private static IEnumerable<(string Name, string Value)> Settings(Stack stack)
    {
        var given = stack.Builder.Configuration.GetSection(Section).AsEnumerable(makePathsRelative: true)
            .Where(setting => setting.Value is not null).ToArray();
        if (given.Length > 0)
            return given.Select(setting =>
                (setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value!));
        if (!stack.IsDevelopment) return [];

        return
        [
            ("Issuer", DevelopmentIssuer.Issuer),
            ("Audience", DevelopmentIssuer.Audience),
            ("Keys", DevelopmentIssuer.LoadOrCreate(stack.Installation.Directory).Jwks),
        ];
    }
}
