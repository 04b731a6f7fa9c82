namespace Billing.AppHost.Reporting;

/// <summary>Rows as lines of text in aligned columns.</summary>
internal static class Table
{
    public static IEnumerable<string> Of(IReadOnlyList<Row> rows)
    {
        var all = rows.Prepend(new Row("RESOURCE", "STATE", "URL")).ToArray();
        var resource = all.Max(row => row.Resource.Length);
        var state = all.Max(row => row.State.Length);
        return all.Select(row =>
            $"{row.Resource.PadRight(resource)}  {row.State.PadRight(state)}  {row.Url}".TrimEnd());
    }
}
