using Billing.Ledger.Accounts;
using Billing.Ledger.Projections;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Paging;

namespace Billing.Ledger.Queries;

/// <summary>The chart of accounts.</summary>
public static class LedgerAccounts
{
    public const string Route = "/api/v1/ledger/accounts";

    /// <param name="Account">What other questions call it; they take the number as well.</param>
    /// <param name="NormalSide">On which a balance usually stands.</param>
    public sealed record Row(string Account, string Number, string Name, string Type, string NormalSide);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, () => TypedResults.Ok(All)).RequireAuthorization(Policies.Tenant)
            .WithTags("Ledger").WithName("ListAccounts").WithSummary("The chart of accounts.");

    private static IReadOnlyList<Row> All { get; } =
    [
        .. Chart.Rows.Select(row => new Row(
            Chart.Word(row.Account), row.Number, row.Name, Words.Of(row.Type), Words.Of(row.NormalSide))),
    ];

    /// <summary>By its word or its number.</summary>
    /// <exception cref="RefusedRequestException">There is no such account.</exception>
    internal static Account? Find(string? account) => account is null
        ? null
        : (Chart.Called(account) ?? Chart.Find(account))?.Account
            ?? throw new RefusedRequestException("'account' is none of the chart of accounts.");

    internal static void Add(Conditions conditions, string column, string? account)
    {
        if (Find(account) is { } found) conditions.Add($"{column} = {conditions.Value(Chart.Word(found))}");
    }
}
