using Billing.LocalTools;
using Billing.Testbed;

namespace Billing.Cli.Tests;

public sealed class LocalToolsTests
{
    [TestCase("/chosen", "/xdg", "/chosen")]
    [TestCase(null, "/xdg", "/xdg/billing")]
    [TestCase("", "", "/home/me/.cache/billing")]
    public void the_cache_is_where_the_environment_says(string? chosen, string? xdg, string expected) =>
        Cache.RootFrom(name => name switch
        {
            "BILLING_CACHE" => chosen,
            "XDG_CACHE_HOME" => xdg,
            "HOME" => "/home/me",
            _ => null,
        }).ShouldBe(expected);

    [TestCase("/chosen", "/xdg", "/chosen")]
    [TestCase(null, "/xdg", "/xdg/billing")]
    [TestCase("", "", "/home/me/.cache/billing")]
    public async Task a_build_looks_for_the_native_library_in_the_same_cache(string? chosen, string? xdg, string cache)
    {
        var outcome = await Programs.Run(
            new Call(
                Building.Dotnet, "msbuild", "stand-ins/librdkafka.redist/librdkafka.redist.csproj",
                "-getProperty:Librdkafka", "-nodeReuse:false")
            {
                Folder = Checkout.Root,
                Environment = new Dictionary<string, string?>
                {
                    ["BILLING_CACHE"] = chosen,
                    ["XDG_CACHE_HOME"] = xdg,
                    ["HOME"] = "/home/me",
                    // Not the user's, which may lie in the home that was just moved away.
                    ["DOTNET_CLI_HOME"] = Path.GetTempPath(),
                },
            },
            CancellationToken.None);

        outcome.Output.Trim().ShouldEndWith($"{cache}/librdkafka-{Install.Librdkafka.Version}/librdkafka.so");
    }

    [Test]
    public void a_checkout_is_found_from_any_folder_in_it()
    {
        Checkout.Above(Path.Combine(Checkout.Root, "services", "Ledger")).ShouldBe(Checkout.Root);
        Checkout.Above(Path.GetPathRoot(Checkout.Root)!).ShouldBeNull();
        File.Exists(Path.Combine(Checkout.Root, "Billing.sln")).ShouldBeTrue();
    }

    [Test]
    public void a_lock_has_one_holder_and_is_free_afterwards()
    {
        using var folder = new Folder();
        using (var held = FileLock.Try(folder.Of("lock")))
        {
            held.ShouldNotBeNull();
            FileLock.Try(folder.Of("lock")).ShouldBeNull();
        }

        using var again = FileLock.Try(folder.Of("lock"));
        again.ShouldNotBeNull();
    }

    [Test]
    public async Task who_waits_for_a_lock_is_told_once_and_gets_it()
    {
        using var folder = new Folder();
        var held = FileLock.Try(folder.Of("lock")).ShouldNotBeNull();
        var told = 0;
        using var waiting = new SemaphoreSlim(0);
        var taken = Task.Run(() => FileLock.Take(folder.Of("lock"), () =>
        {
            told++;
            waiting.Release();
        }));

        await waiting.WaitAsync();
        taken.IsCompleted.ShouldBeFalse();
        held.Dispose();

        using var mine = await taken.WaitAsync(Eventually.Patience);
        told.ShouldBe(1);
    }

    [Test]
    public void waiting_for_a_lock_can_be_given_up()
    {
        using var folder = new Folder();
        using var held = FileLock.Try(folder.Of("lock"));
        using var stop = new CancellationTokenSource();

        Should.Throw<OperationCanceledException>(() => FileLock.Take(folder.Of("lock"), stop.Cancel, stop.Token));
    }
}
