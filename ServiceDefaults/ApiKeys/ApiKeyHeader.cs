using Microsoft.AspNetCore.Http;

namespace Billing.ServiceDefaults.ApiKeys;

/// <summary>Where a key travels: <c>Authorization: ApiKey bk_…</c> or <c>X-Api-Key: bk_…</c>.</summary>
public static class ApiKeyHeader
{
    public const string Scheme = "ApiKey";
    public const string Name = "X-Api-Key";

    private const string Prefix = "ApiKey ";

    /// <summary>An Authorization header of another kind wins over X-Api-Key.</summary>
    public static bool IsIn(HttpRequest request) => Read(request) is not null;

    /// <summary>The key as it was sent, or null. Two of them are none.</summary>
    public static string? Read(HttpRequest request)
    {
        var authorization = request.Headers.Authorization;
        if (authorization.Count > 0)
            return authorization.Count == 1 && authorization[0] is { } value
                && value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                ? value[Prefix.Length..].Trim()
                : null;

        var header = request.Headers[Name];
        return header.Count == 1 ? header[0] : null;
    }
}
