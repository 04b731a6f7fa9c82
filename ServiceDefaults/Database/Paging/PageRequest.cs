using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Billing.ServiceDefaults.Database.Paging;

/// <summary>
/// A parameter of every endpoint that lists: <c>limit</c> (1 … 100, 50 when not given) and <c>cursor</c>
/// (from the page before, with the same path and filters). Anything else is refused with 400.
/// </summary>
public sealed record PageRequest
{
    public const int DefaultLimit = 50;
    public const int LargestLimit = 100;

    private const string LimitName = "limit";
    private const string CursorName = "cursor";

    private readonly string _list;
    private readonly Cursor? _after;

    internal PageRequest(int limit, string list, Cursor? after) =>
        (Limit, _list, _after) = (limit, list, after);

    public int Limit { get; }

    /// <summary>
    /// How many rows to ask for: one more than are shown tells whether there is a next page.
    /// </summary>
    public int Fetch => Limit + 1;

    /// <summary>The sort key of the last row of the page before; null on the first page.</summary>
    /// <param name="parts">How many values the sort key has.</param>
    public IReadOnlyList<string>? After(int parts) => _after is null || _after.Key.Count == parts
        ? _after?.Key
        : throw new RefusedRequestException(NoCursor);

    /// <param name="rows">At most <see cref="Fetch"/>, in the list's order.</param>
    /// <param name="key">The values that the list is sorted by; together unique.</param>
    public Page<T> Of<T>(IReadOnlyList<T> rows, Func<T, IReadOnlyList<string>> key) => rows.Count <= Limit
        ? new(rows, NextCursor: null)
        : new([.. rows.Take(Limit)], new Cursor(key(rows[Limit - 1])).ToText(_list));

    /// <summary>Called by the framework.</summary>
    public static ValueTask<PageRequest> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var list = ListOf(context.Request);
        var limit = ReadLimit(context.Request.Query[LimitName]);

        return ValueTask.FromResult(
            new PageRequest(limit, list, ReadCursor(context.Request.Query[CursorName], list)));
    }

    private const string NoCursor = "'cursor' is not one that this list gave, with these filters.";

    private static int ReadLimit(StringValues text)
    {
        if (text.Count == 0) return DefaultLimit;

        return text.Count == 1
            && int.TryParse(text[0], NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            && limit is >= 1 and <= LargestLimit
                ? limit
                : throw new RefusedRequestException($"'limit' is a whole number from 1 to {LargestLimit}.");
    }

    private static Cursor? ReadCursor(StringValues text, string list)
    {
        if (text.Count == 0) return null;

        return text.Count == 1 && Cursor.TryRead(text[0]!, list, out var cursor)
            ? cursor
            : throw new RefusedRequestException(NoCursor);
    }

    private static string ListOf(HttpRequest request) => request.Path + "?" + string.Join('&', request.Query
        .Where(part => part.Key is not (LimitName or CursorName))
        .OrderBy(part => part.Key, StringComparer.Ordinal)
        .Select(part => $"{Uri.EscapeDataString(part.Key)}={Uri.EscapeDataString(part.Value.ToString())}"));
}

/// <summary>One page of a list.</summary>
/// <param name="NextCursor">For the next page; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>
/// A value of the request is not allowed; the sentence goes to the caller, as a 400 problem.
/// </summary>
public sealed class RefusedRequestException(string sentence) : BadHttpRequestException(sentence);
