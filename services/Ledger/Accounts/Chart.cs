using System.Text.Json;

namespace Billing.Ledger.Accounts;

/// <summary>The accounts that the ledger posts to. What finance calls them stands in chart.csv.</summary>
public enum Account
{
    /// <summary>Invoiced and not yet paid.</summary>
    AccountsReceivable,

    /// <summary>Taken from us by a tenant's bank until a dispute is decided.</summary>
    DisputedPayments,

    /// <summary>Charged and not yet invoiced.</summary>
    UnbilledReceivable,

    /// <summary>What the payment provider holds for us.</summary>
    CashClearing,

    /// <summary>Credit that tenants have not used yet.</summary>
    CustomerCredit,

    TaxPayable,

    /// <summary>With the meter on each posting.</summary>
    UsageRevenue,

    FeeRevenue,

    /// <summary>What was missing to minimum commitments.</summary>
    CommitmentRevenue,

    Discounts,

    CreditsGranted,

    /// <summary>What invoices round off, both ways.</summary>
    Rounding,

    BadDebt,
}

public enum AccountType
{
    Asset,
    Liability,
    Revenue,
    ContraRevenue,
    Expense,
}

/// <summary>The side on which a balance of an account usually stands.</summary>
public enum Side
{
    Debit,
    Credit,
}

/// <summary>One row of the chart.</summary>
public sealed record ChartRow(string Number, Account Account, string Name, AccountType Type, Side NormalSide);

/// <summary>chart.csv of this assembly, read once.</summary>
public static class Chart
{
    /// <summary>In the order of their numbers.</summary>
    public static IReadOnlyList<ChartRow> Rows { get; } = [.. Lines().Select(Read)];

    private static readonly ChartRow[] ByAccount =
        [.. Enum.GetValues<Account>().Select(account => Rows.Single(row => row.Account == account))];

    private static readonly string[] Words =
        [.. Enum.GetNames<Account>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName)];

    public static ChartRow Of(Account account) => ByAccount[(int)account];

    /// <summary>What the code says, in kebab-case: <c>usage-revenue</c>.</summary>
    public static string Word(Account account) => Words[(int)account];

    /// <summary>By its word; null where there is none.</summary>
    public static ChartRow? Called(string word) => Array.IndexOf(Words, word) is var place and >= 0
        ? ByAccount[place]
        : null;

    /// <summary>Null where no account has that number.</summary>
    public static ChartRow? Find(string number) => Rows.FirstOrDefault(row => row.Number == number);

    private static IEnumerable<string> Lines()
    {
        using var stream = typeof(Chart).Assembly.GetManifestResourceStream("chart.csv")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#').Skip(1)];
    }

    private static ChartRow Read(string line)
    {
        var fields = line.Split(',');
        return new(
            fields[0], Named<Account>(fields[1]), fields[2], Named<AccountType>(fields[3]),
            Named<Side>(fields[4]));
    }

    private static T Named<T>(string name) where T : struct, Enum => Enum.GetValues<T>()
        .Single(value => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()) == name);
}
