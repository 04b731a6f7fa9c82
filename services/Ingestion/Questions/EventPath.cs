using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.Features;

namespace Billing.Ingestion.Questions;

/// <summary>
/// Names of sources and events in a path. A source may hold slashes, which travel as <c>%2F</c>; the server
/// leaves exactly those encoded, so that <c>%252F</c> and <c>%2F</c> could not be told apart any more. Hence
/// they are read from the path as it came. Behind a proxy that decodes paths, the names go into the query.
/// </summary>
internal static class EventPath
{
    /// <param name="names">How many segments there are behind <paramref name="prefix"/>.</param>
    /// <param name="fallback">As the framework has read them, for servers that keep no raw path.</param>
    public static string[] Read(HttpContext context, string prefix, int names, params string[] fallback)
    {
        var raw = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var path = raw.Split('?')[0];
        if (!path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return fallback;

        var segments = path[prefix.Length..].Split('/');
        return segments.Length < names ? fallback : [.. segments.Take(names).Select(Uri.UnescapeDataString)];
    }

    /// <exception cref="RefusedRequestException">One of the two is not well formed.</exception>
    public static void Check(string source, string id)
    {
        if (!Contracts.Values.EventId.IsWellFormed(source, id))
            throw new RefusedRequestException("'source' and 'id' have 1 to 256 characters, no control ones.");
    }
}
