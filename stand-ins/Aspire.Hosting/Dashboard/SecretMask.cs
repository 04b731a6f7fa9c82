using System.Text.RegularExpressions;

namespace Aspire.Hosting.Dashboard;

/// <summary>Secrets never leave the process: the page gets dots, and nothing to reveal.</summary>
internal static partial class SecretMask
{
    public const string Dots = "••••••••";
    private const int ShortestSecret = 6;

    /// <summary>The model says what is secret; names and connection strings that look so are masked as well.</summary>
    public static EnvironmentView Of(EnvironmentView variable)
    {
        if (variable.IsSecret || SecretName().IsMatch(variable.Name))
            return variable with { Value = variable.Value.Length == 0 ? "" : Dots, IsSecret = true };

        var masked = InText(variable.Value);
        return masked == variable.Value ? variable : variable with { Value = masked, IsSecret = true };
    }

    public static ResourceView Of(ResourceView resource)
    {
        var secrets = resource.Environment
            .Where(variable => variable.IsSecret || SecretName().IsMatch(variable.Name))
            .Select(variable => variable.Value)
            .Where(value => value.Length >= ShortestSecret)
            .ToArray();
        return resource with
        {
            Environment = [.. resource.Environment.Select(Of)],
            Endpoints = [.. resource.Endpoints.Select(endpoint => endpoint with { Url = InText(endpoint.Url) })],
            Command = Without(resource.Command, secrets),
            HealthDetail = Without(resource.HealthDetail, secrets),
        };
    }

    /// <summary>Masks passwords of connection strings and of URLs, and leaves the rest readable.</summary>
    public static string InText(string text) =>
        UserInfo().Replace(Assignment().Replace(text, "$1" + Dots), "$1" + Dots + "@");

    private static string? Without(string? text, string[] secrets) => text is null
        ? null
        : InText(secrets.Aggregate(text, (masked, secret) => masked.Replace(secret, Dots, StringComparison.Ordinal)));

    [GeneratedRegex("password|passwd|secret|token|api[-_]?key|private[-_]?key|credential|OTLP_HEADERS", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex("""((?:\b|_|-)(?:password|pwd|secret|token|api[-_]?key|sasl\.password)\s*[=:]\s*)("[^"]*"|'[^']*'|[^;,\s&"']+)""", RegexOptions.IgnoreCase)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@", RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();
}
