using System.Globalization;
using Billing.ServiceDefaults.Database.Paging;

namespace Billing.Ledger.Queries;

/// <summary>One page of a list. All pages are of the same position, whatever happens meanwhile.</summary>
/// <param name="Position">Every event up to it is in the list, and none beyond.</param>
/// <param name="NextCursor">For the next page; null on the last one.</param>
public sealed record PageAt<T>(
    long Position, DateTimeOffset? AsOf, IReadOnlyList<T> Items, string? NextCursor);

/// <summary>Cursors that carry the position of their first page.</summary>
internal static class PagesAt
{
    /// <summary>The position of the first page; null on the first page.</summary>
    public static long? GoOnAt(this PageRequest page) => Part(page, 0);

    /// <summary>The position of the last row of the page before; null on the first page.</summary>
    public static long? Below(this PageRequest page) => Part(page, 1);

    public static PageAt<T> Of<T>(
        this PageRequest page, AnswerMoment moment, IReadOnlyList<T> rows, Func<T, long> position)
    {
        var whole = page.Of(rows, row => [Text(moment.Position), Text(position(row))]);
        return new(moment.Position, moment.AsOf, whole.Items, whole.NextCursor);
    }

    private static long? Part(PageRequest page, int place) => page.After(2) is { } key
        ? long.Parse(key[place], CultureInfo.InvariantCulture)
        : null;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
