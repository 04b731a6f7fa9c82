using Billing.Samples.Chaos;
using Billing.Testbed;

namespace Billing.Stories;

/// <summary>Whatever is killed while usage and corrections flow, in the end all of it adds up.</summary>
public class KilledAndStartedAgain
{
    [Test]
    public async Task nothing_is_lost_and_nothing_doubled_whatever_is_killed()
    {
        var folder = Directory.CreateTempSubdirectory("billing-chaos-");
        if (!OperatingSystem.IsWindows()) folder.UnixFileMode = (UnixFileMode)0b111_101_101; // for PostgreSQL's user
        try
        {
            var said = new StringWriter();
            var kills = TestSize.Full ? "20" : "5";

            var code = await Storm.Run(
                new(["--kills", kills, "--seed", "3", "--data", folder.FullName]), said, CancellationToken.None);

            code.ShouldBe(0, said.ToString());
            said.ToString().ShouldContain("I2  holds");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public void the_same_seed_has_the_same_plan()
    {
        Kill.Plan(200, 7).ShouldBe(Kill.Plan(200, 7));
        Kill.Plan(200, 7).ShouldNotBe(Kill.Plan(200, 8));
        Kill.Plan(200, 7).Select(kill => kill.What).Distinct().Count().ShouldBe(5);
    }
}
