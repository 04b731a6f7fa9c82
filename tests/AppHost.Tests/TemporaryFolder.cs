namespace Billing.AppHost.Tests;

/// <summary>A folder of one test's own, gone when the test is.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("billing-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that is about to end has written once more.
        }
    }

    public override string ToString() => Path;
}
