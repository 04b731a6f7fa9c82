using System.Text.Json;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database.Paging;

namespace Billing.Pricing.Catalog;

/// <summary>Names in paths and queries.</summary>
public static class ReadNames
{
    /// <summary>False: it cannot be the name of anything, so there is nothing under it.</summary>
    public static bool InPath<T>(string text, out T value) where T : struct, IText<T> =>
        Text.TryRead(text, out value);

    /// <summary>Null where the query has none.</summary>
    /// <exception cref="RefusedRequestException">It is not the spelling of one.</exception>
    public static T? InQuery<T>(string? text, string name) where T : struct, IText<T>
    {
        if (text is null) return null;

        return Text.TryRead<T>(text, out var value)
            ? value
            : throw new RefusedRequestException($"'{name}' is not the spelling of a {typeof(T).Name}.");
    }

    /// <summary>A member of an enumeration in kebab-case. Null where the query has none.</summary>
    /// <exception cref="RefusedRequestException">It is none of them.</exception>
    public static T? Member<T>(string? text, string name) where T : struct, Enum
    {
        if (text is null) return null;

        foreach (var member in Enum.GetValues<T>())
            if (JsonNamingPolicy.KebabCaseLower.ConvertName(member.ToString()) == text) return member;

        var all = Enum.GetNames<T>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName);
        throw new RefusedRequestException($"'{name}' is one of: {string.Join(", ", all)}.");
    }

    /// <summary>One page of what is in memory, in the order of its names.</summary>
    public static Page<TView> Page<T, TView>(
        PageRequest page, IEnumerable<T> all, Func<T, string> name, Func<T, TView> view)
    {
        var after = page.After(1)?[0];
        var rows = all.Where(one => after is null || string.CompareOrdinal(name(one), after) > 0)
            .OrderBy(name, StringComparer.Ordinal).Take(page.Fetch).ToList();
        var shown = page.Of(rows, row => [name(row)]);
        return new([.. shown.Items.Select(view)], shown.NextCursor);
    }
}
