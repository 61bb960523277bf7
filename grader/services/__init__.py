"""What the command line and a web portal let people do: functions of values that return values.

A service prints nothing. It raises an `InputError` if the input is wrong. A service that takes long
yields what happens meanwhile.
"""
