using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.Ledger.Queries;
using Billing.Ledger.Tests.Projections;
using Billing.ServiceDefaults;
using Npgsql;

namespace Billing.Ledger.Tests.Queries;

/// <summary>
/// Every question about a position answers what it answered when that was the last one; and the sums that are kept
/// are those of the rows.
/// </summary>
public class KnownAtTests
{
    private static readonly Caller Staff = new("ada", Roles.Finance, null, null);
    private static readonly Caller Tenant = new("tom", Roles.Tenant, Given.Tenant.ToString(), null);

    private ReadSide _side = null!;

    [OneTimeSetUp]
    public async Task Create() => _side = await ReadSide.Create();

    [OneTimeTearDown]
    public async Task Drop() => await _side.DisposeAsync();

    [Test]
    public async Task an_answer_at_a_position_is_what_was_answered_there()
    {
        var log = ReadSide.History(11, 200).Books.Log;
        var then = new List<(long Position, string Answers)>();
        foreach (var part in log.Chunk(log.Count / 6))
        {
            await _side.Append(part);
            await _side.Follow(13);
            then.Add((await _side.Last(), await Answers(AskedMoment.Of(null, null), byRows: false)));
            then[^1].Answers.ShouldBe(
                await Answers(AskedMoment.Of(null, null), byRows: true), "the sums that are kept");
        }

        foreach (var (position, answers) in then)
            (await Answers(AskedMoment.Of(null, ReadSide.Text(position)), byRows: false)).ShouldBe(answers);
    }

    [Test]
    public async Task an_answer_as_of_an_effective_time_leaves_out_what_is_true_only_later()
    {
        await _side.Follow();
        var page = await _side.Page(0, await _side.Last(), 100_000);
        foreach (var asOf in page.Events.Select(happened => happened.Event.Origin.EffectiveAt).Distinct().Take(8))
        {
            var rows = ReadSide.Journal(page).Where(row => new Moment(asOf).Includes(row)).ToList();
            var trial = await _side.Ledger.Database.At(
                Staff, AskedMoment.Of($"{asOf:O}", null), ["journal"],
                (connection, moment) => GetTrialBalance.Of(null, null, moment, connection, default),
                TimeProvider.System, default);
            foreach (var currency in new[] { Given.Usd, Given.Xof })
                (trial.Currencies.FirstOrDefault(one => one.Currency == currency)?.Accounts ?? [])
                    .Select(row => (row.Account, row.Debits, row.Credits))
                    .ShouldBe(Balances.Trial(rows, currency)
                        .Select(row => (Chart.Word(row.Account), row.Debits, row.Credits)));
        }
    }

    [Test]
    public async Task a_statement_is_the_pure_one()
    {
        await _side.Follow();
        var page = await _side.Page(0, await _side.Last(), 100_000);
        foreach (var account in new[] { Account.AccountsReceivable, Account.UnbilledReceivable, Account.CashClearing })
        {
            var span = new BillingPeriod(Given.Now.AddDays(-10), Given.Now.AddHours(90));
            var pure = Statement.Of(ReadSide.Journal(page), Given.Tenant, Given.Usd, span, account);
            var asked = new GetStatement.Asked(
                Given.Tenant.ToString(), account, Given.Usd, span.Start, span.EndExclusive);
            var (opening, closing, movements) = await _side.Ledger.Database.At(
                Tenant, AskedMoment.Of(null, null), ["journal"], async (connection, moment) =>
                {
                    var ends = await GetStatement.Ends(asked, moment, connection, default);
                    return (ends.Opening, ends.Closing, await GetStatement.Movements(
                        asked, moment, null, 10_000, connection, default));
                }, TimeProvider.System, default);

            (opening, closing).ShouldBe((pure.Opening, pure.Closing));
            movements.Select(row => (row.Position, row.Line, row.Amount))
                .ShouldBe(pure.Movements.Select(row => (row.Position, row.Line, row.Amount)));
        }
    }

    [Test]
    public async Task nobody_can_ask_about_what_is_not_read_yet()
    {
        var beyond = AskedMoment.Of(null, ReadSide.Text(await _side.Last() + 1));
        await Should.ThrowAsync<Microsoft.AspNetCore.Http.BadHttpRequestException>(() => Answers(beyond, false));
        await Should.ThrowAsync<Microsoft.AspNetCore.Http.BadHttpRequestException>(() =>
            Answers(AskedMoment.Of(null, "2999-01-01T00:00:00Z"), false));
    }

    // Everything that can be asked, as JSON, without what says the position itself.
    private async Task<string> Answers(AskedMoment asked, bool byRows)
    {
        var answers = new List<string>();
        foreach (var caller in new[] { Staff, Tenant })
            answers.AddRange(await _side.Ledger.Database.At(
                caller, asked, ["charges", "open-items", "journal", "balances", "usage-days"],
                (connection, moment) => All(caller, moment, byRows, connection), TimeProvider.System, default));
        return string.Join('\n', answers);
    }

    private static async Task<List<string>> All(
        Caller caller, AnswerMoment moment, bool byRows, NpgsqlConnection connection)
    {
        if (byRows) moment = moment with { IsPresent = false };
        var charges = new Conditions();
        var from = ChargesAt.From(charges, moment);
        new ChargeFilter().AddAll(charges, caller, "c", "s");
        var list = await charges.Read(
            $"select {ChargesAt.Columns} from {from} where {charges.Sql} order by c.position", connection,
            ChargesAt.Read, default);
        var balances = new Conditions();
        balances.Named<TenantId>("b.tenant_id", caller.Tenant, "tenant");
        List<object> answers =
        [
            list,
            await SummarizeCharges.Of(new ChargeFilter(), caller, moment, connection, default, byRows),
            (await ListBalances.Read(balances, moment, 10_000, connection, default, byRows))
                .Where(row => !row.Balance.IsZero),
            await ShowTrends.Read(
                new ChargeFilter(), caller, new(2026, 1, 1), new(2026, 12, 1), moment, connection, default),
        ];
        if (caller.IsStaff)
            answers.Add(await GetTrialBalance.Of(null, null, moment, connection, default, byRows));
        foreach (var charge in list.Take(20))
            answers.Add((await GetCharge.Find(charge.Charge.Value, caller, moment, connection, default))!);
        return [.. answers.Select(answer => JsonSerializer.Serialize(answer, ContractsJson.Options))];
    }
}
