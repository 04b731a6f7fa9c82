namespace Billing.Testbed;

/// <summary>How much a test does: what fits every run, or the sizes that the issues name.</summary>
public static class TestSize
{
    /// <summary>True under <c>./billing test --full</c>, which sets <c>BILLING_TEST_FULL=1</c>.</summary>
    public static bool Full { get; } = Environment.GetEnvironmentVariable("BILLING_TEST_FULL") == "1";

    public static int Of(int everyRun, int full) => Full ? full : everyRun;
}
