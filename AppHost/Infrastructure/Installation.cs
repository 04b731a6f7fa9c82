using Billing.LocalTools;
using Microsoft.Extensions.Configuration;

namespace Billing.AppHost.Infrastructure;

/// <summary>
/// The folder in which everything lies that survives a restart, held by one running stack at a time; released
/// when the process ends, however it ends.
/// </summary>
public sealed class Installation : IDisposable
{
    private readonly FileLock alone;

    private Installation(string directory, FileLock alone)
    {
        (Directory, this.alone) = (directory, alone);
        Secrets = Secrets.In(directory);
    }

    /// <summary><c>BILLING_DATA</c>, else <c>.billing</c> in the checkout.</summary>
    public string Directory { get; }

    public Secrets Secrets { get; }

    /// <summary>Says who runs and where; read by <c>./billing</c>, gone when nothing runs.</summary>
    public string RunningFile => Path.Combine(Directory, "running.json");

    public string Folder(string name) => Path.Combine(Directory, name);

    /// <exception cref="PreparationFailed">
    /// Another stack runs on the folder, or it cannot be written.
    /// </exception>
    public static Installation Open(IConfiguration configuration)
    {
        var directory = configuration["BILLING_DATA"] is { Length: > 0 } chosen
            ? Path.GetFullPath(chosen) : Checkout.Data;
        try
        {
            System.IO.Directory.CreateDirectory(directory);
            var alone = FileLock.Try(Path.Combine(directory, "stack.lock"))
                ?? throw new PreparationFailed(
                    $"A stack is running on {directory} already: stop it first, or set BILLING_DATA to "
                    + "another folder.");
            var installation = new Installation(directory, alone);
            File.Delete(installation.RunningFile); // of one that was killed
            return installation;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new PreparationFailed(
                $"The data folder {directory} cannot be written: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    public void Dispose() => alone.Dispose();
}
