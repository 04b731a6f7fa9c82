using Billing.Cli.Testing;

namespace Billing.Cli.Tests;

public sealed class TestRunTests
{
    [Test]
    public void projects_that_take_long_come_first_and_the_others_keep_their_order() =>
        TestRun.LongestFirst(["a/Architecture.Tests.csproj", "b/Ingestion.Tests.csproj", "c/Services.Tests.csproj",
                "d/ServiceDefaults.Tests.csproj"])
            .ShouldBe(["d/ServiceDefaults.Tests.csproj", "b/Ingestion.Tests.csproj", "a/Architecture.Tests.csproj",
                "c/Services.Tests.csproj"]);
}
