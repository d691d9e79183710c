using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.TestKit.World;

/// <summary>
/// A <see cref="DynamicsNet"/> whose first layer is written by hand and whose last is fitted by least squares; the middle one passes on.
/// Exact for anything linear (a pair of units holds both signs), quick to make, and no rival to a trained one.
/// </summary>
/// <param name="units">Each hidden unit is relu(Σ weight · input), input over state, then action.</param>
public sealed class ReluFit(IReadOnlyList<(int Input, float Weight)[]> units)
{
    private const double Ridge = 1e-6;

    private readonly int _terms = units.Count + 1;
    private readonly Dictionary<int, (double[,] Normal, double[] Right)> _sums = [];

    /// <summary>Both signs of an input.</summary>
    public static IEnumerable<(int Input, float Weight)[]> Pair(int input) => [[(input, 1)], [(input, -1)]];

    public static int Action(int column) => SoilState.Size + column;

    /// <summary>One observation: how much a member of the state changed in a step.</summary>
    public void Observe(int member, ReadOnlySpan<float> state, ReadOnlySpan<float> action, double change)
    {
        if (!_sums.TryGetValue(member, out (double[,] Normal, double[] Right) sums)) _sums[member] = sums = (new double[_terms, _terms], new double[_terms]);
        Span<double> x = stackalloc double[_terms];
        for (int unit = 0; unit < units.Count; unit++) x[unit] = Math.Max(Input(units[unit], state, action), 0);
        x[^1] = 1;
        for (int i = 0; i < _terms; i++)
        {
            sums.Right[i] += x[i] * change;
            for (int j = 0; j < _terms; j++) sums.Normal[i, j] += x[i] * x[j];
        }
    }

    /// <summary>Members that were never observed do not change.</summary>
    public DynamicsNet Solve()
    {
        int hidden = units.Count, inputs = SoilState.Size + SoilAction.Size;
        float[] first = new float[inputs * hidden], middle = new float[hidden * hidden], last = new float[hidden * SoilState.Size], bias = new float[SoilState.Size];
        for (int unit = 0; unit < hidden; unit++)
        {
            foreach ((int input, float weight) in units[unit]) first[(input * hidden) + unit] = weight;
            middle[(unit * hidden) + unit] = 1;
        }

        foreach ((int member, (double[,] normal, double[] right)) in _sums)
        {
            double[] solved = Solve(normal, right);
            for (int unit = 0; unit < hidden; unit++) last[(unit * SoilState.Size) + member] = (float)solved[unit];
            bias[member] = (float)solved[^1];
        }

        return new DynamicsNet(SoilState.Size, SoilAction.Size, hidden, first, new float[hidden], middle, new float[hidden], last, bias);
    }

    private static double Input((int Input, float Weight)[] unit, ReadOnlySpan<float> state, ReadOnlySpan<float> action)
    {
        double sum = 0;
        foreach ((int input, float weight) in unit) sum += weight * (input < SoilState.Size ? state[input] : action[input - SoilState.Size]);
        return sum;
    }

    // Gauss with the largest pivot; the ridge keeps pairs that always go together from having no one answer.
    private static double[] Solve(double[,] normal, double[] right)
    {
        int n = right.Length;
        var a = (double[,])normal.Clone();
        double[] b = [.. right];
        for (int i = 0; i < n; i++) a[i, i] += Ridge * (1 + normal[n - 1, n - 1]);
        for (int column = 0; column < n; column++)
        {
            int pivot = column;
            for (int row = column + 1; row < n; row++)
            {
                if (Math.Abs(a[row, column]) > Math.Abs(a[pivot, column])) pivot = row;
            }

            for (int j = 0; j < n; j++) (a[column, j], a[pivot, j]) = (a[pivot, j], a[column, j]);
            (b[column], b[pivot]) = (b[pivot], b[column]);
            for (int row = 0; row < n; row++)
            {
                if (row == column) continue;
                double factor = a[row, column] / a[column, column];
                for (int j = column; j < n; j++) a[row, j] -= factor * a[column, j];
                b[row] -= factor * b[column];
            }
        }

        for (int i = 0; i < n; i++) b[i] /= a[i, i];
        return b;
    }
}
