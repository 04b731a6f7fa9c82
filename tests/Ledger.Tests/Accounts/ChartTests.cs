using Billing.Ledger.Accounts;

namespace Billing.Ledger.Tests;

public class ChartTests
{
    [Test]
    public void every_account_has_one_row_and_every_row_an_account()
    {
        Chart.Rows.Select(row => row.Account).ShouldBe(Enum.GetValues<Account>(), ignoreOrder: true);
        Chart.Rows.Select(row => row.Number).ShouldBeUnique();
        Chart.Rows.Select(row => row.Name).ShouldBeUnique();
        Chart.Rows.Select(row => row.Number).ShouldBeInOrder();
    }

    [TestCase("1100", Account.AccountsReceivable, AccountType.Asset, Side.Debit)]
    [TestCase("1200", Account.UnbilledReceivable, AccountType.Asset, Side.Debit)]
    [TestCase("2200", Account.TaxPayable, AccountType.Liability, Side.Credit)]
    [TestCase("4010", Account.UsageRevenue, AccountType.Revenue, Side.Credit)]
    [TestCase("4800", Account.Discounts, AccountType.ContraRevenue, Side.Debit)]
    public void a_row_says_what_an_account_is(string number, Account account, AccountType type, Side side)
    {
        var row = Chart.Of(account);

        (row.Number, row.Account, row.Type, row.NormalSide).ShouldBe((number, account, type, side));
        Chart.Find(number).ShouldBe(row);
    }

    [Test]
    public void an_unknown_number_is_no_account() => Chart.Find("9999").ShouldBeNull();

    [Test]
    public void what_is_owned_and_what_is_spent_stand_on_the_debit_side() => Chart.Rows.ShouldAllBe(row =>
        row.NormalSide == Side.Debit
        == (row.Type == AccountType.Asset || row.Type == AccountType.Expense || row.Type == AccountType.ContraRevenue));
}
