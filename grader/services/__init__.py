"""What the command line and a web portal do: called with values, answered with values.

A service prints nothing. It raises `InputError`s where input is at fault, and yields what happens
where that takes a while.
"""
