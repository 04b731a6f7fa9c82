using Billing.AppHost.Infrastructure;
using Billing.LocalTools;
using Microsoft.Extensions.Configuration;

namespace Billing.AppHost.Tests.Infrastructure;

public sealed class InstallationTests
{
    [Test]
    public void a_data_folder_carries_one_stack_at_a_time()
    {
        using var folder = new TemporaryFolder();
        using (Installation.Open(On(folder.Path)))
            Should.Throw<PreparationFailed>(() => Installation.Open(On(folder.Path))).Message.ShouldBe(
                $"A stack is running on {folder.Path} already: stop it first, or set BILLING_DATA to another "
                + "folder.");

        Installation.Open(On(folder.Path)).Dispose();
    }

    [Test]
    public void a_data_folder_that_cannot_be_written_is_told() =>
        Should.Throw<PreparationFailed>(() => Installation.Open(On("/proc/billing")))
            .Message.ShouldStartWith("The data folder /proc/billing cannot be written: ");

    [Test]
    public void secrets_are_made_once_and_private()
    {
        using var folder = new TemporaryFolder();
        var first = Secrets.In(folder.Path);
        first.IsNew.ShouldBeTrue();
        var password = first["ledger-writer"];

        var again = Secrets.In(folder.Path);

        again.IsNew.ShouldBeFalse();
        again["ledger-writer"].ShouldBe(password);
        again["ledger-reader"].ShouldNotBe(password);
        password.ShouldMatch("^[0-9a-f]{32}$");
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(Path.Combine(folder.Path, "secrets.json"))
                .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [TestCase("{ half")]
    [TestCase("null")]
    public void damaged_secrets_are_told_and_kept(string text)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "secrets.json");
        File.WriteAllText(path, text);

        Should.Throw<PreparationFailed>(() => Secrets.In(folder.Path))
            .Message.ShouldStartWith($"{path} is damaged");
        File.ReadAllText(path).ShouldBe(text);
    }

    private static IConfiguration On(string folder) => new ConfigurationBuilder()
        .AddInMemoryCollection([new("BILLING_DATA", folder)]).Build();
}
