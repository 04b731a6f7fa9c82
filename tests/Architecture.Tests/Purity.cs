namespace Billing.Architecture.Tests;

/// <summary>What decides about money is exact, and a function of its arguments.</summary>
public class Purity
{
    [Test]
    public void services_and_contracts_have_no_binary_floating_point() =>
        Excused.ShouldHold("float", Tree.CSharp(Tree.In("services", "contracts")).SelectMany(CodeRules.FloatingPoint));

    [Test]
    public void decisions_are_pure() =>
        Excused.ShouldHold("decision", Tree.ProductCode.SelectMany(CodeRules.ImpureDecisions));
}
